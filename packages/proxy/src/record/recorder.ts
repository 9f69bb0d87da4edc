import { delay, newId, RejoinError, type AgentResponse, type ChatMessage } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { isRecorded } from '../registry/record.ts'
import { type RunIdentity, type RunKey, type RunRecord } from '../registry/registry.ts'
import { createAlarm, type Alarm } from './alarm.ts'
import { type RecordMessage } from './record.ts'
import { watchRun } from './watchRun.ts'

/** Sees to it that the messages of runs come into the app's database, whoever is connected. */
export interface Recorder {
  /**
   * Records what the person has sent, before the agent is asked.
   * @throws RejoinError `internal` where that can not be
   */
  asked(run: RunIdentity, message: ChatMessage, replaces: string | null): Promise<void>
  /** The answers before a run are recorded; resolves without them where that takes long. */
  caughtUp(run: RunIdentity): Promise<void>
  /** Records the answer of a run that is being started here. To be called while its request is served. */
  watch(run: RunIdentity, waitUntil: Call['waitUntil']): void
  /** The same for what nobody here watches of the caller's runs: their process may have died. */
  look(call: Call, runId: string | null): void
  /** The run has ended or waits, or may have. `answer`: the whole of it, where it is known. */
  tell(run: RunIdentity, answer: AgentResponse | null): void
}

/** A run that is watched here. */
export interface Watched {
  readonly alarm: Alarm
  /** What somebody else has been told. */
  told: AgentResponse | null
}

interface Watch extends Watched {
  readonly run: RunIdentity
  done: Promise<void>
}

/** A turn does not wait longer for the one before to be recorded, in milliseconds. */
const patienceMs = 5_000

export type RecorderContext = Pick<ProxyContext, 'agent' | 'registry' | 'report' | 'teller'>

export function createRecorder(context: RecorderContext, record: RecordMessage): Recorder {
  const { registry, report } = context
  const holder = newId()
  const watched = new Map<string, Watch>()

  function begin(run: RunIdentity, told: AgentResponse | null = null): Promise<void> {
    const name = nameOf(run)
    const known = watched.get(name)
    if (known) return known.done
    const { user, runId, session } = run
    const watch: Watch = { run: { user, runId, session }, alarm: createAlarm(), told, done: Promise.resolve() }
    watched.set(name, watch)
    watch.done = watchRun({ ...context, record, holder }, watch.run, watch)
      .catch((error: unknown) => report(error, 'record'))
      .finally(() => watched.delete(name))
    return watch.done
  }

  async function unrecorded({ user }: Call, runId: string | null): Promise<readonly RunRecord[]> {
    if (user !== null) return await registry.unrecorded(user)
    const record = runId === null ? null : await registry.get({ user, runId })
    return record === null || record.state === 'starting' || isRecorded(record) ? [] : [record]
  }

  return {
    async asked({ user, session, runId }, message, replaces) {
      try {
        await record({ user, session, runId, message, state: null, replaces })
      } catch (error) {
        report(error, 'record')
        throw new RejoinError('internal', { cause: error })
      }
    },
    async caughtUp({ user, session, runId }) {
      // On a public page the others of a session are anybody's.
      if (user === null) return
      const before = [...watched.values()].filter(({ run }) => run.user === user && run.session === session && run.runId !== runId)
      if (before.length === 0) return
      const limit = new AbortController()
      await Promise.race([Promise.all(before.map(({ done }) => done)), delay(patienceMs, limit.signal)])
      limit.abort()
    },
    watch(run, waitUntil) {
      waitUntil(begin(run))
    },
    look(call, runId) {
      const found = unrecorded(call, runId).then((records) => Promise.all(records.map((each) => begin(each))))
      call.waitUntil(found.catch((error: unknown) => report(error, 'record')))
    },
    tell(run, answer) {
      const entry = watched.get(nameOf(run))
      if (entry === undefined) return void begin(run, answer)
      entry.told = answer ?? entry.told
      entry.alarm.ring()
    },
  }
}

function nameOf({ user, runId }: RunKey): string {
  return JSON.stringify([user, runId])
}
