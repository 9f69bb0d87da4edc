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

const baseForm = `(\\d{1,6})-(\\d{1,6})-([\\da-z]{0,7})-((?:[\\da-z]{1,9}-[\\da-z]{1,7}-){0,${maxBaseArtifacts}})`
const form = new RegExp(`^([^/]{1,${maxNameLength}})/([^/]{0,${maxNameLength}})/(\\d{1,15})(?:/${baseForm})?$`)

/** @throws RejoinError `token_invalid` */
export function taskIn(handle: string): KnownTask {
  const [, taskId, contextId, startedAt, asked, said, waited = '', artifacts = ''] = form.exec(handle) ?? []
  if (taskId === undefined || contextId === undefined) throw new RejoinError('token_invalid')
  const base = asked === undefined ? noBase : {
    asked: Number(asked),
    said: Number(said),
    waited: waited === '' ? null : numberIn(waited),
    artifacts: Array.from(artifacts.matchAll(/(\w+)-(\w+)-/g), ([, length = '', print = '']) => ({ length: numberIn(length), print: numberIn(print) })),
  }
  return { taskId: decoded(taskId), contextId: decoded(contextId), startedAt: Number(startedAt), base }
}

function encodedBase({ asked, said, waited, artifacts }: Base): string {
  const extents = artifacts.map(({ length, print }) => `${textOf(length)}-${textOf(print)}-`)
  return `${asked}-${said}-${waited === null ? '' : textOf(waited)}-${extents.join('')}`
}

function textOf(number: number): string {
  return number.toString(36)
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
