import { RejoinError } from '@rejoin/core'
import { maxBaseArtifacts, noBase, type Base } from './base.ts'
import { maxNameLength, type TaskName } from './protocol.ts'

/** A task as a run knows it: all there is in the run's tokens, from its first to its last. */
export interface KnownTask extends TaskName {
  /** When the run began, which only its first leg is told. Milliseconds since the epoch. */
  readonly startedAt: number
  readonly base: Base
}

/** How tokens name a task. */
export function handleOf({ taskId, contextId, startedAt, base }: KnownTask): string {
  const name = [encodeURIComponent(taskId), encodeURIComponent(contextId), startedAt]
  return (base.waited === null && base.asked === 0 ? name : [...name, encodedBase(base)]).join('/')
}

const print = '[\\da-z]{1,7}'
const baseForm = `(\\d{1,6})(f?)-(${print})?-(${print})?-(${print})?-((?:[\\da-z]{1,9}-${print}-${print}-){0,${maxBaseArtifacts}})`
const form = new RegExp(`^([^/]{1,${maxNameLength}})/([^/]{0,${maxNameLength}})/(\\d{1,15})(?:/${baseForm})?$`)

/** @throws RejoinError `token_invalid` */
export function taskIn(handle: string): KnownTask {
  const [, taskId, contextId, startedAt, asked, follows, said, asking, waited, artifacts = ''] = form.exec(handle) ?? []
  if (taskId === undefined || contextId === undefined) throw new RejoinError('token_invalid')
  const base = asked === undefined ? noBase : {
    asked: Number(asked),
    sent: follows === '',
    said: printIn(said),
    asking: printIn(asking),
    waited: printIn(waited),
    artifacts: Array.from(artifacts.matchAll(/(\w+)-(\w+)-(\w+)-/g), ([, ...extent]) => {
      const [length = 0, head = 0, print = 0] = extent.map(numberIn)
      return { length, head, print }
    }),
  }
  return { taskId: decoded(taskId), contextId: decoded(contextId), startedAt: Number(startedAt), base }
}

function encodedBase({ asked, sent, said, asking, waited, artifacts }: Base): string {
  const extents = artifacts.map(({ length, head, print }) => `${textOf(length)}-${textOf(head)}-${textOf(print)}-`)
  return `${asked}${sent ? '' : 'f'}-${textOf(said)}-${textOf(asking)}-${textOf(waited)}-${extents.join('')}`
}

function textOf(number: number | null): string {
  return number?.toString(36) ?? ''
}

function printIn(text: string | undefined): number | null {
  return text === undefined ? null : numberIn(text)
}

function numberIn(text: string): number {
  return Number.parseInt(text, 36)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RejoinError('token_invalid')
  }
}
