import { answersIn, isDelta, textOf, userMessage, type Agent, type AgentRunOptions, type ChatMessage } from '@rejoin/core'
import { type Breakage } from './breakages.ts'
import { each, withAnswers, withOptions, withStreams } from './wrapped.ts'

/** What can be wrong with questions to the person, and with turns that follow each other. */
export const turnBreakages: readonly Breakage[] = [
  {
    name: 'ends where it asks',
    noticedBy: 'waits for the person where it asks',
    breakIt: (agent) =>
      withStreams(agent, (updates) =>
        each(updates, (update) => {
          if (update.type !== 'pause') return [update]
          const { reason, ...rest } = update
          return [{ ...rest, type: 'end', outcome: { type: 'incomplete', reason } }]
        }),
      ),
  },
  {
    name: 'wants to be polled while it waits',
    noticedBy: 'says in a poll that it waits',
    breakIt: (agent) =>
      withAnswers(agent, (response) => (response.state.type === 'paused' ? { ...response, state: { type: 'working' } } : response)),
  },
  {
    name: 'says nothing on a leg that is opened while it waits',
    noticedBy: 'says that it waits on every leg',
    breakIt: (agent) => resumed(agent, ({ type }) => type === 'pause'),
  },
  {
    name: 'says a part of what it has said again behind an answer',
    noticedBy: 'goes on with the answer in a run of its own',
    breakIt: (agent) =>
      withStreams(agent, (updates, { messages }) => {
        let first = messages.some((message) => answersIn(message).length > 0)
        return each(updates, (update) => {
          if (!first || update.type !== 'text') return [update]
          first = false
          return [{ ...update, delta: `As I said: ${update.delta}` }]
        })
      }),
  },
  {
    name: 'loses a piece of text on the legs behind an answer',
    noticedBy: 'goes on with the answer from each update',
    breakIt: (agent) => resumed(agent, (update, at) => isDelta(update) && at === 2),
  },
  {
    name: 'says in a poll behind an answer what it had said before',
    noticedBy: 'gives the answer of the run that goes on by a poll',
    breakIt: (agent) =>
      withAnswers(agent, (response) => {
        const { message } = response
        return { ...response, message: { ...message, parts: [{ type: 'text', text: 'As I said: ' }, ...message.parts] } }
      }),
  },
  {
    name: 'takes an answer to nothing for a message',
    noticedBy: 'refuses what answers nothing that it asks',
    breakIt: (agent) => takingForMessages(agent, () => true),
  },
  {
    name: 'waits on where it is stopped while it waits',
    noticedBy: 'can be stopped while it waits',
    breakIt: (agent) => ({
      ...agent,
      cancel: async (options) => ({ ...(await agent.cancel(options)), state: { type: 'paused', reason: 'input' } }),
    }),
  },
  {
    name: 'takes an answer after its stop for a message',
    noticedBy: 'stays stopped, and takes no answer any more',
    breakIt: (agent) => takingForMessages(agent, () => true),
  },
  {
    name: 'takes a second answer for a message',
    noticedBy: 'takes one answer and no other',
    breakIt: (agent) => takingForMessages(agent, (starts) => starts > 2),
  },
  {
    name: 'takes an answer that comes after something else for a message',
    noticedBy: 'takes no answer behind a message',
    breakIt: (agent) => takingForMessages(agent, (starts) => starts > 2),
  },
  {
    name: 'does not say what the next turn goes on from',
    noticedBy: 'says at its end what the next turn goes on from',
    breakIt: (agent) => withStreams(agent, (updates) => each(updates, (update) => (update.type === 'end' ? [without(update)] : [update]))),
  },
  {
    name: 'begins anew with each turn',
    noticedBy: 'knows in the next turn what was said before',
    breakIt: (agent) => withOptions(agent, () => ({ conversation: undefined })),
  },
  {
    name: 'says nothing of the conversation in a poll',
    noticedBy: 'goes on in the same way from what a poll has said',
    breakIt: (agent) => withAnswers(agent, without),
  },
  {
    name: 'goes on from the latest turn, whatever it is told',
    noticedBy: 'branches off where a turn is asked again',
    breakIt(agent) {
      let latest: string | undefined
      const noting = withStreams(agent, (updates) =>
        each(updates, (update) => {
          if (update.type === 'end') latest = update.conversation
          return [update]
        }),
      )
      return withOptions(noting, ({ conversation }) => ({ conversation: conversation && latest }))
    },
  },
  {
    name: 'begins anew where it knows nothing of a conversation',
    noticedBy: 'fails with conversation_lost',
    breakIt: (agent) => withOptions(agent, ({ conversation }) => ({ conversation: conversation === 'none-of-these' ? undefined : conversation })),
  },
]

type Starts = (messages: readonly ChatMessage[], options: AgentRunOptions) => readonly ChatMessage[]

/** Answers become messages of the same words; `late` says which, by how many starts there have been. */
function takingForMessages(agent: Agent, late: (starts: number) => boolean): Agent {
  let starts = 0
  const plain: Starts = (messages) => {
    if (messages.length > 0) starts += 1
    return messages.map((message) => (answersIn(message).length > 0 && late(starts) ? userMessage(textOf(message) || 'Yes', message.id) : message))
  }
  return {
    ...agent,
    run: (messages, options) => agent.run(plain(messages, options), options),
    runStreaming: (messages, options) => agent.runStreaming(plain(messages, options), options),
  }
}

function resumed(agent: Agent, drops: (update: Parameters<Parameters<typeof each>[1]>[0], at: number) => boolean): Agent {
  return withStreams(agent, (updates, { messages }) =>
    messages.length > 0 ? updates : each(updates, (update, at) => (drops(update, at) ? [] : [update])),
  )
}

function without<T extends { readonly conversation?: string }>({ conversation: _conversation, ...rest }: T): Omit<T, 'conversation'> {
  return rest
}
