import { cursorOf, isDelta, joinToken, RejoinError, splitToken, startCursor, streamOf, userMessage, type Agent, type AgentResponse } from '@rejoin/core'
import { each, swapped, withAnswers, withOptions, withStreams } from './wrapped.ts'

/** One way to get it wrong, and the case that notices. */
export interface Breakage {
  readonly name: string
  /** How the case's name begins. */
  readonly noticedBy: string
  breakIt(agent: Agent): Agent
}

const never = new Promise<never>(() => {})

export const breakages: readonly Breakage[] = [
  {
    name: 'says only in its iteration that messages do not go with a token',
    noticedBy: 'refuses messages together with a token',
    breakIt: (agent) => ({
      ...agent,
      async *runStreaming(messages, options) {
        yield* agent.runStreaming(messages, options)
      },
    }),
  },
  {
    name: 'answers an empty message',
    noticedBy: 'refuses an empty message',
    breakIt: (agent) => ({
      ...agent,
      runStreaming: (messages, options) => agent.runStreaming(messages.length > 0 ? [userMessage('?')] : messages, options),
    }),
  },
  {
    name: 'takes an empty token for none',
    noticedBy: 'refuses an empty token',
    breakIt: (agent) => withOptions(agent, ({ continuationToken }) => ({ continuationToken: continuationToken || null })),
  },
  {
    name: 'waits for ever with a token it can not read',
    noticedBy: 'answers damaged and foreign tokens',
    breakIt: (agent) => ({ ...agent, run: (messages, options) => agent.run(messages, options).catch(() => never) }),
  },
  {
    name: 'fails with an error of its own for a token it can not read',
    noticedBy: 'answers damaged and foreign tokens',
    breakIt: (agent) => ({
      ...agent,
      cancel: (options) =>
        agent.cancel(options).catch(() => {
          throw new TypeError('can not read it')
        }),
    }),
  },
  {
    name: 'does not look at whose token it is',
    noticedBy: 'refuses the token of another run',
    breakIt: (agent) => withOptions(agent, ({ continuationToken }) => ({ continuationToken: continuationToken ? null : continuationToken })),
  },
  {
    name: 'starts a run that nobody knows',
    noticedBy: 'can not go on with a run that nobody knows',
    breakIt: (agent) => ({
      ...agent,
      run: (messages, options) => agent.run(options.continuationToken ? messages : [userMessage('?')], options),
    }),
  },
  {
    name: 'loses the end of a whole answer',
    noticedBy: 'answers whole and without a token',
    breakIt: (agent) => withAnswers(agent, (response) => ({ ...response, message: { ...response.message, parts: [] } })),
  },
  {
    name: 'gives a token for a task that is done',
    noticedBy: 'answers a task that is done at once',
    breakIt: (agent) => withAnswers(agent, (response) => ({ ...response, continuationToken: tokenFor('done') })),
  },
  {
    name: 'ignores the wish for background',
    noticedBy: 'answers with a token where background was asked for',
    breakIt: (agent) => withOptions(agent, () => ({ background: false })),
  },
  {
    name: 'does not wait in the foreground',
    noticedBy: 'answers with a token where background was asked for',
    breakIt: (agent) => withOptions(agent, () => ({ background: true })),
  },
  {
    name: 'starts each start',
    noticedBy: 'joins a start to the run that has its id',
    breakIt(agent) {
      let starts = 0
      return {
        ...agent,
        runStreaming(messages, options) {
          starts += 1
          return agent.runStreaming(messages, { ...options, runId: `${options.runId}-${starts}` })
        },
      }
    },
  },
  {
    name: 'does not find a run by its id',
    noticedBy: 'finds a run by its id alone',
    breakIt: (agent) =>
      withStreams(agent, (updates, { messages, options }) => {
        if (messages.length === 0 && options.continuationToken == null) throw new RejoinError('not_found')
        return updates
      }),
  },
  {
    name: 'counts wrongly how much it has said',
    noticedBy: 'says with its end how much the answer is',
    breakIt: (agent) =>
      withStreams(agent, (updates) => each(updates, (update) => [update.type === 'end' ? { ...update, length: 7 } : update])),
  },
  {
    name: 'loses a piece of text',
    noticedBy: 'streams the answer',
    breakIt: (agent) => withStreams(agent, (updates) => each(updates, (update, at) => (at === 9 ? [] : [update]))),
  },
  {
    name: 'leaves a step undone',
    noticedBy: 'streams the answer',
    breakIt: (agent) =>
      withStreams(agent, (updates) =>
        each(updates, (update) => (update.type === 'progress' && update.step.state === 'done' ? [] : [update])),
      ),
  },
  {
    name: 'forgets to open a resumed stream',
    noticedBy: 'opens each stream with an open',
    breakIt: (agent) =>
      withStreams(agent, (updates, { messages }) =>
        each(updates, (update) => (messages.length === 0 && update.type === 'open' ? [] : [update])),
      ),
  },
  {
    name: 'ends twice',
    noticedBy: 'ends a stream with its end, told once',
    breakIt: (agent) => withStreams(agent, (updates) => each(updates, (update) => (update.type === 'end' ? [update, update] : [update]))),
  },
  {
    name: 'never ends',
    noticedBy: 'ends a stream with its end, told once',
    breakIt: (agent) => withStreams(agent, (updates) => each(updates, (update) => (update.type === 'end' ? [] : [update]))),
  },
  {
    name: 'says two things the wrong way round',
    noticedBy: 'moves its cursor forward only',
    breakIt: (agent) => withStreams(agent, (updates) => swapped(updates, 20)),
  },
  {
    name: 'puts something into an update that does not survive JSON',
    noticedBy: 'gives plain data',
    breakIt: (agent) =>
      withStreams(agent, (updates) => each(updates, (update) => [update.type === 'open' ? Object.assign({ at: undefined }, update) : update])),
  },
  {
    name: 'measures backwards',
    noticedBy: 'says how long a run has taken',
    breakIt: (agent) => withAnswers(agent, (response) => ({ ...response, elapsedMs: -1 })),
  },
  {
    name: 'loses an update in batches',
    noticedBy: 'tells the same in batches',
    breakIt: (agent) =>
      withStreams(agent, (updates, { options }) => {
        const { handle } = splitToken(options.continuationToken ?? tokenFor('start'))
        const batches = streamOf(async function* () {
          for await (const { continuationToken: _, ...update } of updates) yield { handle, updates: isDelta(update) ? [] : [update] }
        })
        return { ...batches, [Symbol.asyncIterator]: () => updates[Symbol.asyncIterator]() }
      }),
  },
  {
    name: 'gives no token with text',
    noticedBy: 'gives each update but the last a token',
    breakIt: (agent) =>
      withStreams(agent, (updates) => each(updates, (update) => [update.type === 'text' ? { ...update, continuationToken: null } : update])),
  },
  {
    name: 'gives a token with its end',
    noticedBy: 'gives each update but the last a token',
    breakIt: (agent) =>
      withStreams(agent, (updates) =>
        each(updates, (update) => [update.type === 'end' ? { ...update, continuationToken: tokenFor('end') } : update]),
      ),
  },
  {
    name: 'writes the number of the update into its token',
    noticedBy: 'keeps its tokens',
    breakIt: (agent) => withTokens(agent, (token, at) => `${at}-${token}`),
  },
  {
    name: 'keeps the question in its token, in base64',
    noticedBy: 'writes nothing of question and answer into its tokens',
    breakIt(agent) {
      const forgetful = withOptions(agent, ({ continuationToken }) => ({ continuationToken: continuationToken?.split('~').at(-1) }))
      return withStreams(forgetful, (updates, { messages: [message] }) =>
        each(updates, (update) => {
          const { continuationToken: token } = update
          return [{ ...update, continuationToken: token && `${btoa(JSON.stringify(message))}~${token}` }]
        }),
      )
    },
  },
  {
    name: 'loses the first update after each token',
    noticedBy: 'goes on exactly after each update of a run that has ended',
    breakIt: (agent) => resumedStreams(agent, (update, at) => (at === 1 && update.type !== 'end' ? [] : [update])),
  },
  {
    name: 'repeats the first update after each token',
    noticedBy: 'goes on exactly after each update of a run that has ended',
    breakIt: (agent) => resumedStreams(agent, (update, at) => (at === 1 && update.type !== 'end' ? [update, update] : [update])),
  },
  {
    name: 'sends everything again and calls it the tail',
    noticedBy: 'goes on exactly after each update in another process',
    breakIt: (agent) => withOptions(agent, fromTheStart),
  },
  {
    name: 'loses what comes after a stream that was left',
    noticedBy: 'goes on exactly after each update at which its stream is left',
    breakIt: (agent) => resumedStreams(agent, (update) => (isDelta(update) ? [] : [update])),
  },
  {
    name: 'begins at the next update of a run that is being written',
    noticedBy: 'goes on exactly after each update of a run that is still being written',
    breakIt: (agent) => resumedStreams(agent, (update, at) => (at === 2 ? [] : [update])),
  },
  {
    name: 'doubles text where it goes on',
    noticedBy: 'comes to its end over many breaks',
    breakIt: (agent) =>
      resumedStreams(agent, (update, at) => [at === 1 && isDelta(update) ? { ...update, delta: update.delta.repeat(2) } : update]),
  },
  {
    name: 'has nothing to say behind its last update',
    noticedBy: 'delivers its end wherever a stream goes on',
    breakIt: (agent) => resumedStreams(agent, (update) => (update.type === 'end' ? [] : [update])),
  },
  {
    name: 'says to one reader only what another has not taken',
    noticedBy: 'serves two readers of one run at once',
    breakIt(agent) {
      const taken = new Set<string>()
      return resumedStreams(agent, (update) => {
        const again = isDelta(update) && taken.has(update.cursor)
        taken.add(update.cursor)
        return again ? [] : [update]
      })
    },
  },
  {
    name: 'gives no token when it is polled in between',
    noticedBy: 'is polled to its end',
    breakIt: (agent) => withAnswers(agent, (response, messages) => (messages.length > 0 ? response : { ...response, continuationToken: null })),
  },
  {
    name: 'says that a run is over when it is polled beside a stream',
    noticedBy: 'is polled with a token of its stream',
    breakIt: (agent) => withAnswers(agent, (response) => ({ ...response, state: { type: 'completed' } })),
  },
  {
    name: 'moves the token of a poll on',
    noticedBy: 'keeps the place of who polls',
    breakIt: (agent) =>
      withAnswers(agent, (response) => {
        const { continuationToken } = response
        return { ...response, continuationToken: continuationToken && joinToken(splitToken(continuationToken).handle, cursorOf(0, 15)) }
      }),
  },
  {
    name: 'starts its clock anew with each poll',
    noticedBy: 'measures the time of a run that is polled',
    breakIt(agent) {
      let polls = 0
      return withAnswers(agent, (response) => {
        polls += 1
        return { ...response, elapsedMs: 100 - polls }
      })
    },
  },
  {
    name: 'leaves out the steps when it is polled',
    noticedBy: 'gives the same answer polled as streamed',
    breakIt: (agent) => withAnswers(agent, (response) => ({ ...response, ...(response.steps && { steps: [] }) })),
  },
  {
    name: 'has its text in other parts when it is polled',
    noticedBy: 'gives the same answer polled as streamed',
    breakIt: (agent) => withAnswers(agent, withNamedParts),
  },
  {
    name: 'stops when its stream is left',
    noticedBy: 'goes on when its stream is left',
    breakIt: (agent) =>
      withStreams(agent, async function* (updates, { options }) {
        try {
          yield* updates
        } finally {
          await agent.cancel({ ...options, continuationToken: null, signal: undefined })
        }
      }),
  },
  {
    name: 'stops when the signal aborts',
    noticedBy: 'goes on when the signal of its stream aborts',
    breakIt: (agent) => withStreams(agent, (updates, { options }) => stoppedByAbort(agent, options, updates)),
  },
  {
    name: 'stops when the signal of a resumed stream aborts',
    noticedBy: 'goes on when a resumed stream is left, or its signal aborts',
    breakIt: (agent) =>
      withStreams(agent, (updates, { messages, options }) => (messages.length > 0 ? updates : stoppedByAbort(agent, options, updates))),
  },
  {
    name: 'stops when nobody reads its stream',
    noticedBy: 'does not mind a stream that nobody reads',
    breakIt: (agent) =>
      withStreams(agent, (updates, { messages, options }) => {
        if (messages.length === 0) void agent.cancel({ ...options, continuationToken: null })
        return updates
      }),
  },
  {
    name: 'says completed of what is incomplete',
    noticedBy: 'ends as incomplete',
    breakIt: (agent) =>
      withStreams(agent, (updates) =>
        each(updates, (update) => [update.type === 'end' ? { ...update, outcome: { type: 'completed' } } : update]),
      ),
  },
  {
    name: 'passes on what its backend said',
    noticedBy: 'fails with a code of ours',
    breakIt: (agent) =>
      withStreams(agent, (updates) =>
        each(updates, (update) => [
          update.type === 'end' ? { ...update, outcome: { type: 'failed', code: 'upstream says: no' } } : update,
        ]),
      ),
  },
  {
    name: 'says otherwise how it ended when it is asked for the answer',
    noticedBy: 'completes, by stream and by poll alike',
    breakIt: (agent) => withAnswers(agent, (response) => ({ ...response, state: { type: 'failed', code: 'agent_failed' } })),
  },
  {
    name: 'does not cancel',
    noticedBy: 'is cancelled while it is written',
    breakIt: (agent) => ({ ...agent, cancel: (options) => agent.run([], options) }),
  },
  {
    name: 'says that it cancels and goes on',
    noticedBy: 'stays cancelled when its backend completes it',
    breakIt: sayingCancelled,
  },
  {
    name: 'says that it cancels and tells its readers nothing',
    noticedBy: 'is cancelled from another process',
    breakIt: sayingCancelled,
  },
  {
    name: 'says that it cancels a run by its id, and goes on',
    noticedBy: 'is cancelled by its id alone',
    breakIt: sayingCancelled,
  },
  {
    name: 'forgets a cancel that came before its run',
    noticedBy: 'is cancelled before its start',
    breakIt: sayingCancelled,
  },
  {
    name: 'cancels once only',
    noticedBy: 'is cancelled again with the same answer',
    breakIt(agent) {
      let cancels = 0
      return {
        ...agent,
        async cancel(options) {
          cancels += 1
          if (cancels > 1) throw new RejoinError('not_found')
          return await agent.cancel(options)
        },
      }
    },
  },
  {
    name: 'says cancelled of a run that had ended',
    noticedBy: 'keeps its answer when it is cancelled after its end',
    breakIt: sayingCancelled,
  },
  {
    name: 'waits for ever to cancel without a token',
    noticedBy: 'answers a cancel without a token soon',
    breakIt: (agent) => ({ ...agent, cancel: (options) => (options.continuationToken === null ? never : agent.cancel(options)) }),
  },
  {
    name: 'does not look at a signal that has aborted',
    noticedBy: 'starts nothing with a signal that has aborted',
    breakIt: deaf,
  },
  {
    name: 'cancels although nobody waits for it',
    noticedBy: 'does nothing to a run with a signal that has aborted',
    breakIt: (agent) => ({ ...agent, cancel: (options) => agent.cancel({ ...options, signal: undefined }) }),
  },
  {
    name: 'lets wait who does not want to',
    noticedBy: 'stops waiting for an answer when the signal aborts',
    breakIt: deaf,
  },
  {
    name: 'keeps a stream whose signal has aborted',
    noticedBy: 'stops a stream that waits when its signal aborts',
    breakIt: deaf,
  },
]

function tokenFor(handle: string): string {
  return joinToken(handle, startCursor)
}

function fromTheStart({ continuationToken }: { continuationToken?: string | null | undefined }): { continuationToken?: string } {
  return continuationToken ? { continuationToken: joinToken(splitToken(continuationToken).handle, startCursor) } : {}
}

function resumedStreams(agent: Agent, change: Parameters<typeof each>[1]): Agent {
  return withStreams(agent, (updates, { messages }) => (messages.length === 0 ? each(updates, change) : updates))
}

function withTokens(agent: Agent, change: (token: string, at: number) => string): Agent {
  return withStreams(agent, (updates) =>
    each(updates, (update, at) => {
      const { continuationToken: token } = update
      return [{ ...update, continuationToken: token && change(token, at) }]
    }),
  )
}

function withNamedParts(response: AgentResponse): AgentResponse {
  const { message } = response
  return { ...response, message: { ...message, parts: message.parts.map((part, at) => ({ ...part, id: `part-${at}` })) } }
}

type Streamed = ReturnType<Agent['runStreaming']>

async function* stoppedByAbort(agent: Agent, options: Parameters<Agent['runStreaming']>[1], updates: Streamed): Streamed {
  const stop = (): void => void agent.cancel({ ...options, continuationToken: null, signal: undefined })
  options.signal?.addEventListener('abort', stop, { once: true })
  yield* updates
}

function sayingCancelled(agent: Agent): Agent {
  return {
    ...agent,
    async cancel({ runId }) {
      const message = { id: runId, role: 'assistant', parts: [] } as const
      return { runId, state: { type: 'cancelled' }, message, continuationToken: null, elapsedMs: 0 }
    },
  }
}

function deaf(agent: Agent): Agent {
  return withOptions(agent, () => ({ signal: undefined }))
}
