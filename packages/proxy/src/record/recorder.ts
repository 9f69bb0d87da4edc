import { delay, newId, type AgentResponse, type ChatMessage } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { isRecorded } from '../registry/record.ts'
import { type RunIdentity, type RunKey, type RunRecord } from '../registry/registry.ts'
import { createAlarm, type Alarm } from './alarm.ts'
import { type RecordMessage } from './record.ts'
import { watchRun } from './watchRun.ts'

/** Sees to it that the messages of runs come into the app's database, whoever is connected. */
export interface Recorder {
  /** The answers before a run are recorded; resolves without them where that takes long. */
  caughtUp(run: RunIdentity): Promise<void>
  /**
   * Records the answer of a run that is being started here, and before it `message`, once the start is known not to be
   * refused. To be called while its request is served.
   */
  watch(run: RunIdentity, waitUntil: Call['waitUntil'], message?: ChatMessage): void
  /** The same for what nobody here watches of the caller's runs: their process may have died. */
  look(call: Call, runId: string | null): void
  /** The run has ended or waits, or may have. `answer`: the whole of it, where it is known. */
  tell(run: RunIdentity, answer: AgentResponse | null): void
}

/** A run that is watched here. */
export interface Watched {
  readonly alarm: Alarm
  /** What the person has sent, until it is recorded. */
  asked: ChatMessage | null
  /** What somebody else has been told. */
  told: AgentResponse | null
}

interface Watch extends Watched {
  done: Promise<void>
}

/** A turn does not wait longer for the one before to be recorded, and asks so often whether it is. Milliseconds. */
const patienceMs = 5_000
const lookMs = 50

export type RecorderContext = Pick<ProxyContext, 'agent' | 'registry' | 'report' | 'teller'>

export function createRecorder(context: RecorderContext, record: RecordMessage): Recorder {
  const { registry, report } = context
  const holder = newId()
  const watched = new Map<string, Watch>()

  function begin({ user, runId }: RunKey, { asked = null, told = null }: Partial<Omit<Watched, 'alarm'>> = {}): Promise<void> {
    const name = nameOf({ user, runId })
    const known = watched.get(name)
    if (known) {
      known.asked ??= asked
      return known.done
    }
    const watch: Watch = { alarm: createAlarm(), asked, told, done: Promise.resolve() }
    watched.set(name, watch)
    watch.done = watchRun({ ...context, record, holder }, { user, runId }, watch)
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
    async caughtUp({ user, session, runId }) {
      // On a public page the others of a session are anybody's.
      if (user === null) return
      const until = Date.now() + patienceMs
      // Whichever process records it.
      while ((await registry.unrecorded(user)).some((record) => record.session === session && record.runId !== runId)) {
        if (Date.now() >= until) return
        await delay(lookMs)
      }
    },
    watch(run, waitUntil, message) {
      waitUntil(begin(run, { asked: message ?? null }))
    },
    look(call, runId) {
      const found = unrecorded(call, runId).then((records) => Promise.all(records.map((each) => begin(each))))
      call.waitUntil(found.catch((error: unknown) => report(error, 'record')))
    },
    tell(run, answer) {
      const entry = watched.get(nameOf(run))
      if (entry === undefined) return void begin(run, { told: answer })
      entry.told = answer ?? entry.told
      entry.alarm.ring()
    },
  }
}

function nameOf({ user, runId }: RunKey): string {
  return JSON.stringify([user, runId])
}
