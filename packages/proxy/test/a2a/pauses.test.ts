import { isRejoinError, joinToken, newRun, reduce, requestsIn, splitToken, startCursor, type Agent, type AgentResponseUpdate, type AgentRunOptions, type AnswerPart, type ChatMessage, type RequestPart, type Run } from '@rejoin/core'
import { type A2aStep, type A2aTaskScript } from '@rejoin/testkit/a2a'
import { describe, expect, it, vi } from 'vitest'
import { ask, collect, collectUntil, failureOf, inBackground, lastToken, run, shown, textIn } from '../runs.ts'
import { faked, result, stream, task, token } from './support/faked.ts'
import { gate, piece, serve, silenced, type Served } from './support/served.ts'

const next = { ...run, runId: 'the-answer' } satisfies AgentRunOptions

const which: A2aStep = { type: 'ask', state: 'input_required', parts: ['Which report?'] }
const signIn: A2aStep = { type: 'ask', state: 'auth_required', parts: ['Sign in at https://id.test/start?task=1, please.'] }

function requestIn(updates: readonly AgentResponseUpdate[]): RequestPart {
  const request = shown(updates).parts.find((part) => part.type === 'request')
  if (request === undefined) throw new Error('Nothing is asked.')
  return request
}

function inWords(request: RequestPart, text: string): ChatMessage[] {
  return answered({ type: 'answer', kind: 'input', request: request.id, text })
}

function answered(...parts: readonly AnswerPart[]): ChatMessage[] {
  return [{ id: 'answer-message', role: 'user', parts }]
}

/** Starts a run that asks, and gives its question. */
async function asked(server: Served, agent: Agent = server.agent(), options: AgentRunOptions = run) {
  const updates = await collect(agent.runStreaming(ask, options))
  expect(updates.at(-1)).toMatchObject({ type: 'pause', continuationToken: null })
  return { updates, request: requestIn(updates), token: lastToken(updates) }
}

/** The token of who has heard the question that these updates end with. */
function heardToken(updates: readonly AgentResponseUpdate[]): string {
  return joinToken(splitToken(lastToken(updates)).handle, updates.at(-1)?.cursor ?? '')
}

/** All that is shown on the way, from nothing to the whole. */
function screens(updates: readonly AgentResponseUpdate[]): string[] {
  return [...new Set(updates.map((_, at) => textIn(updates.slice(0, at + 1))))]
}

/** The parts that updates show, from one leg or several. */
function texts(updates: readonly AgentResponseUpdate[]): string[] {
  return partsOf(shown(updates))
}

function partsOf({ parts }: Pick<Run, 'parts'>): string[] {
  return parts.map((part) => (part.type === 'text' ? part.text : part.type === 'request' ? `? ${part.prompt}` : part.type))
}

describe('a question of an A2A task', () => {
  silenced()

  it('is answered by a run of its own, which goes to the same task and shows what is new (row 25)', async () => {
    const server = await serve({ steps: [{ type: 'status', text: 'Looking' }, piece('There are two. '), which, { type: 'status', text: 'Reading' }, piece('May was good.'), piece('Notes', 'notes')] })
    const { request, updates } = await asked(server)
    expect(request).toEqual({ type: 'request', kind: 'input', id: expect.any(String), prompt: 'Which report?' })
    expect(shown(updates)).toMatchObject({ state: { type: 'paused', reason: 'input' }, steps: [{ label: 'Looking', state: 'done' }] })
    const answer = await collect(server.agent().runStreaming(inWords(request, 'May'), next))
    expect(shown(answer)).toMatchObject({
      parts: [{ type: 'text', text: 'May was good.' }, { type: 'text', text: 'Notes' }],
      steps: [{ label: 'Reading', state: 'done' }],
      state: { type: 'completed' },
    })
    expect(await server.agent().run([], { ...next, continuationToken: lastToken(answer) })).toMatchObject({ steps: [{ label: 'Reading', state: 'done' }] })
    const [first, second] = server.requests.filter(({ method }) => method === 'SendStreamingMessage').map(({ params }) => params)
    const [taskId, contextId] = splitToken(lastToken(updates)).handle.split('/')
    expect(first).toMatchObject({ message: { contextId } })
    expect(first).not.toHaveProperty('message.taskId')
    expect(second).toMatchObject({ message: { messageId: next.runId, taskId, contextId, role: 'ROLE_USER', parts: [{ text: 'May' }] } })
    expect(server.started()).toBe(2)
  })

  it('is answered with words and data where it needs a sign-in, whose address it names (row 25)', async () => {
    const server = await serve({ steps: [signIn, piece('Welcome')] })
    const { request, updates } = await asked(server)
    expect(request).toMatchObject({ kind: 'auth', prompt: 'Sign in at https://id.test/start?task=1, please.', url: 'https://id.test/start?task=1' })
    expect(shown(updates).state).toEqual({ type: 'paused', reason: 'auth' })
    const decision = answered({ type: 'answer', kind: 'auth', request: request.id, approved: true })
    expect(texts(await collect(server.agent().runStreaming(decision, next)))).toEqual(['Welcome'])
    const parts = [{ text: 'Signed in.' }, { data: { kind: 'auth', approved: true } }]
    expect(server.requests.findLast(({ method }) => method === 'SendStreamingMessage')?.params).toMatchObject({ message: { parts } })
  })

  it.each([
    ['Sign in at https://a.test or https://b.test', undefined],
    ['Sign in (https://a.test/x).', 'https://a.test/x'],
    ['Run javascript:alert(1)', undefined],
    ['Ask your administrator.', undefined],
  ])('names an address to sign in at where its text has just one: %s', async (text, url) => {
    const server = await serve({ steps: [{ ...signIn, parts: [text] }] })
    const { request } = await asked(server)
    expect(request.kind === 'auth' && request.url).toBe(url)
  })

  it('brings what else its message holds as parts', async () => {
    const file = { type: 'file', mediaType: 'image/png', url: 'https://files.test/a.png' } as const
    const server = await serve({ steps: [{ ...which, parts: ['Is it ', file, { type: 'data', data: { a: 1 } }, 'this one?'] }] })
    const { updates } = await asked(server)
    expect(shown(updates).parts).toMatchObject([{ type: 'file', url: file.url }, { type: 'data', data: { a: 1 } }, { type: 'request', prompt: 'Is it this one?' }])
  })

  it('is asked again, in the answer to the one before, and answered in turn (row 25)', async () => {
    const steps: A2aStep[] = [piece('One '), which, piece('two '), { ...which, parts: ['And then?'] }, piece('three')]
    const server = await serve({ steps })
    const first = await asked(server)
    const second = await collect(server.agent().runStreaming(inWords(first.request, 'a'), next))
    expect(texts(second)).toEqual(['two ', '? And then?'])
    const third = await collect(server.agent().runStreaming(inWords(requestIn(second), 'b'), { ...run, runId: 'third' }))
    expect(texts(third)).toEqual(['three'])
    for (const [updates, runId] of [[second, next.runId], [first.updates, run.runId]] as const) {
      expect(await server.agent().run([], { ...run, runId, continuationToken: heardToken(updates) })).toMatchObject({ state: { type: 'completed' }, message: { parts: [] } })
    }
    expect((await server.agent().run([], { ...run, runId: 'third', continuationToken: lastToken(third) })).message).toMatchObject({ parts: [{ text: 'three' }] })
  })

  it.each([0, 10])('is answered by what is new on resumed legs and in polls too, wherever the answer is left, with a store of %i ms (rows 10, 25)', async (storeMs) => {
    const { step, open } = gate()
    const steps: A2aStep[] = [piece('One '), { type: 'artifact', id: 'figures', parts: [{ type: 'data', data: [1] }] }, which, piece('two '), piece('four', 'later'), step, piece('three')]
    const server = await serve({ steps }, { store: { loadMs: storeMs, saveMs: storeMs } })
    const { request } = await asked(server)
    const left = await collectUntil(server.agent().runStreaming(inWords(request, 'This'), next), (update) => update.type === 'text' && update.delta === 'four')
    expect(texts(left)).toEqual(['two ', 'four'])
    const resumed = { ...next, continuationToken: lastToken(left) }
    await vi.waitFor(async () => expect(partsOf((await server.agent().run([], resumed)).message)).toEqual(['two ', 'four']))
    let state = left.reduce(reduce, newRun({ id: next.runId, session: next.session, message: null, createdAt: 0 }))
    for await (const update of server.agent().runStreaming([], resumed)) {
      state = reduce(state, update)
      if (update.type === 'snapshot') open()
      expect(['two ', 'two three']).toContain(partsOf(state)[0])
    }
    expect(partsOf(state)).toEqual(['two three', 'four'])
    expect(partsOf((await server.agent().run([], resumed)).message)).toEqual(['two three', 'four'])
    const lengths = new Set(left.flatMap(({ continuationToken }) => continuationToken?.length ?? []))
    expect(lengths.size).toBe(1)
  })

  it('shows an artifact whole that was put in the place of an old one', async () => {
    const replaced: A2aStep = { type: 'artifact', id: 'answer', parts: ['Another, longer than the first'], append: false }
    const server = await serve({ steps: [piece('A first draft'), piece('Kept', 'notes'), which, replaced, piece('!')] })
    const { request } = await asked(server)
    const updates = await collect(server.agent().runStreaming(inWords(request, 'This'), next))
    expect(texts(updates)).toEqual(['Another, longer than the first!'])
    const polled = await server.agent().run([], { ...next, continuationToken: lastToken(updates) })
    expect(partsOf(polled.message)).toEqual(['Another, longer than the first!'])
  })

  it('has the whole of an artifact written anew, and only what is new of it shown', async () => {
    const replaced: A2aStep = { type: 'artifact', id: 'answer', parts: ['One two ', 'three'], append: false }
    const server = await serve({ steps: [piece('One '), piece('two '), which, replaced] })
    const { request } = await asked(server)
    const updates = await collect(server.agent().runStreaming(inWords(request, 'This'), next))
    expect(texts(updates)).toEqual(['three'])
    expect(screens(updates)).toEqual(['', 'three'])
  })

  it.each([
    ['beginning like the old one', ['One ', 'two ', 'three ', 'four'], ['', 'three ', 'three four']],
    ['and is the old one', ['One ', 'two '], ['']],
    ['and ends before the old one does', ['One '], ['', 'One ']],
    ['and is another from its beginning on', ['Uno ', 'due ', 'tre'], ['', 'Uno due ', 'Uno due tre']],
  ])('takes nothing away that was shown of an artifact that is written anew in pieces, %s', async (_, [first = '', ...others], expected) => {
    const { step, open } = gate()
    const anew: A2aStep = { type: 'artifact', id: 'answer', parts: [first], append: false }
    const server = await serve({ steps: [piece('One '), piece('two '), which, anew, ...others.map((text) => piece(text)), piece('Notes', 'notes'), step] })
    const { request } = await asked(server)
    const updates: AgentResponseUpdate[] = []
    for await (const update of server.agent().runStreaming(inWords(request, 'This'), next)) {
      updates.push(update)
      if (update.type !== 'text' || update.delta !== 'Notes') continue
      const options = { ...next, continuationToken: lastToken(updates) }
      await vi.waitFor(async () => expect(partsOf((await server.agent().run([], options)).message)).toEqual(texts(updates)))
      open()
    }
    expect(new Set(screens(updates).map((text) => text.replace('Notes', '')))).toEqual(new Set(expected))
    const polled = await server.agent().run([], { ...next, continuationToken: lastToken(updates) })
    expect(polled.message.parts).toEqual(shown(updates).parts)
  })

  it('shows a long artifact that is written anew as soon as it begins otherwise', async () => {
    const { step, open } = gate()
    const anew: A2aStep = { type: 'artifact', id: 'answer', parts: ['Another beginning, '], append: false }
    const server = await serve({ steps: [piece('A first draft. '.repeat(20)), which, anew, piece('which goes on and on.'), step, piece(' The end.')] })
    const { request } = await asked(server)
    const updates: AgentResponseUpdate[] = []
    for await (const update of server.agent().runStreaming(inWords(request, 'This'), next)) {
      updates.push(update)
      if (update.type === 'text') open()
    }
    expect(screens(updates)).toEqual(['', 'Another beginning, which goes on and on.', 'Another beginning, which goes on and on. The end.'])
  })

  it('is answered in the same way where the stream of the answer does not begin with the task', async () => {
    const waiting = { ...task('INPUT_REQUIRED', 'One '), contextId: 'sent' }
    const name = { taskId: 'task', contextId: 'sent' }
    let answeredAt = Infinity
    let reads = 0
    const { agent } = faked({
      GetTask: () => result((reads += 1) <= answeredAt ? waiting : { ...task('COMPLETED', 'One two'), contextId: 'sent' }),
      SendStreamingMessage() {
        answeredAt = reads
        return stream(
          { statusUpdate: { ...name, status: { state: 'TASK_STATE_WORKING' } } },
          { artifactUpdate: { ...name, artifact: { artifactId: 'answer', parts: [{ text: 'One two' }] } } },
          { statusUpdate: { ...name, status: { state: 'TASK_STATE_COMPLETED' } } },
        )
      },
    })
    const options = { ...next, conversation: 'sent' }
    const polled = await agent.run([], { ...run, continuationToken: token.replace('context', 'sent') })
    const request = polled.message.parts.find((part) => part.type === 'request')
    const updates = await collect(agent.runStreaming(answered({ type: 'answer', kind: 'input', request: request?.id ?? '', text: 'This' }), options))
    expect(screens(updates)).toEqual(['', 'two'])
    expect(shown(updates).state).toEqual({ type: 'completed' })
  })

  it('has had more artifacts than a token carries: the further ones are shown whole', async () => {
    const many = Array.from({ length: 34 }, (_, at) => piece(`${at} `, `a-${at}`))
    const server = await serve({ steps: [...many, which, piece('new', 'a-0'), piece('new', 'a-33')] })
    const { request } = await asked(server)
    const updates = await collect(server.agent().runStreaming(inWords(request, 'This'), next))
    expect(texts(updates)).toEqual(['new', '32 ', '33 new'])
    expect(lastToken(updates).length).toBeLessThan(700)
    expect(partsOf((await server.agent().run([], { ...next, continuationToken: lastToken(updates) })).message)).toEqual(['new', '32 ', '33 new'])
  })

  it('leaves nothing to the run that asked once it is answered: for who has heard it that has completed, with what it had (row 25)', async () => {
    const { step } = gate()
    const server = await serve({ steps: [piece('One '), which, piece('two '), step] })
    const { request, updates } = await asked(server)
    const answer = await collectUntil(server.agent().runStreaming(inWords(request, 'This'), next), ({ type }) => type === 'text')
    const options = { ...run, continuationToken: heardToken(updates) }
    const resumed = await collect(server.agent().runStreaming([], options))
    expect(resumed.map(({ type }) => type)).toEqual(['open', 'end'])
    expect(resumed.at(-1)).toMatchObject({ outcome: { type: 'completed' } })
    expect(texts([...updates, ...resumed])).toEqual(['One ', '? Which report?'])
    expect(await server.agent().run([], options)).toMatchObject({ state: { type: 'completed' }, message: { parts: [] }, continuationToken: null })
    expect(await server.agent().cancel(options)).toMatchObject({ state: { type: 'completed' } })
    expect(server.methods()).not.toContain('CancelTask')
    expect(await server.agent().cancel({ ...next, continuationToken: lastToken(answer) })).toMatchObject({ state: { type: 'cancelled' } })
  })

  it('leaves a run that has not heard it, when it is answered on another device, with what it had: it has not completed', async () => {
    const { step, open } = gate()
    const server = await serve({ steps: [piece('One '), step, piece('two '), which, piece('three')] })
    const left = await collectUntil(server.agent().runStreaming(ask, run), ({ type }) => type === 'text')
    const options = { ...run, continuationToken: lastToken(left) }
    open()
    const elsewhere = await collect(server.agent().runStreaming([], options))
    await collect(server.agent().runStreaming(inWords(requestIn(elsewhere), 'This'), next))
    const back = await collect(server.agent().runStreaming([], options))
    expect(shown([...left, ...back])).toMatchObject({ state: { type: 'expired' }, parts: [{ text: 'One ' }] })
    const gone = { state: { type: 'expired' }, message: { parts: [] }, continuationToken: null }
    expect(await server.agent().run([], options)).toMatchObject(gone)
    expect(await server.agent().run([], { ...run, continuationToken: joinToken(splitToken(options.continuationToken).handle, startCursor) })).toMatchObject(gone)
    const heard = { ...run, continuationToken: heardToken([...left, ...elsewhere]) }
    expect(shown([...left, ...elsewhere, ...(await collect(server.agent().runStreaming([], heard)))]).state).toEqual({ type: 'completed' })
  })

  it('is still to be answered after its server was started again, by another process', async () => {
    const server = await serve({ steps: [piece('One '), which, piece('two')] }, { store: { saveMs: 2 } })
    const { request, token } = await asked(server)
    await server.restart('kept')
    await vi.waitFor(async () => expect(await server.agent().run([], { ...run, continuationToken: token })).toMatchObject({ state: { type: 'paused' } }))
    expect(texts(await collect(server.agent().runStreaming(inWords(request, 'This'), next)))).toEqual(['two'])
  })

  it.each([true, false])('is answered once it is kept, in the background (streams: %s)', async (streaming) => {
    const server = await serve({ steps: [piece('One '), which, piece('two')] }, { streaming })
    let waiting = await server.agent().run(ask, inBackground)
    while (waiting.continuationToken !== null) waiting = await server.agent().run([], { ...run, continuationToken: waiting.continuationToken })
    expect(waiting.state).toEqual({ type: 'paused', reason: 'input' })
    expect(partsOf(waiting.message)).toEqual(['One ', '? Which report?'])
    const request = waiting.message.parts.find((part) => part.type === 'request')
    if (request === undefined) throw new Error('Nothing is asked.')
    const answer = await collect(server.agent().runStreaming(inWords(request, 'This'), next))
    expect(texts(answer)).toEqual(['two'])
  })

  it('can be stopped in place of being answered (row 23)', async () => {
    const server = await serve({ steps: [piece('One '), which, piece('two')] })
    const { token, request } = await asked(server)
    const options = { ...run, continuationToken: token }
    expect(await server.agent().cancel(options)).toMatchObject({ state: { type: 'cancelled' } })
    expect(await server.agent().cancel(options)).toMatchObject({ state: { type: 'cancelled' } })
    expect(await failureOf(collect(server.agent().runStreaming(inWords(request, 'This'), next)))).toMatchObject({ code: 'not_found' })
  })

  it('is passed over by a message that answers nothing: that begins a task of its own', async () => {
    const server = await serve((text) => ({ steps: text === 'Never mind' ? [piece('As you like')] : [which] }))
    const { token } = await asked(server)
    const message = [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'Never mind' }] }] as const
    const updates = await collect(server.agent().runStreaming(message, next))
    expect(texts(updates)).toEqual(['As you like'])
    const [before, after] = [token, lastToken(updates)].map((each) => splitToken(each).handle.split('/'))
    expect(after?.[0]).not.toBe(before?.[0])
    expect(after?.[1]).toBe(before?.[1])
  })
})

describe('an answer that goes to no A2A task', () => {
  silenced()

  /** How it fails, by stream and whole, and how many messages are sent with it. */
  async function sent(server: Served, message: ChatMessage[], options: AgentRunOptions): Promise<unknown[]> {
    const before = server.started()
    const failures = [await failureOf(collect(server.agent().runStreaming(message, options))), await failureOf(server.agent().run(message, options))]
    return [...failures.map((failure) => isRejoinError(failure) && failure.code), server.started() - before]
  }

  const refused = ['not_found', 'not_found', 0]

  it('is refused, and nothing sent, where it is of another user or session (row 80)', async () => {
    const server = await serve({ steps: [which, piece('two')] })
    const { request } = await asked(server, server.agent(), { ...run, user: 'ada' })
    for (const other of [{ user: 'bob' }, { user: 'ada', session: 'other' }, { user: null }]) {
      expect(await sent(server, inWords(request, 'This'), { ...next, ...other })).toEqual(refused)
    }
    expect(texts(await collect(server.agent().runStreaming(inWords(request, 'This'), { ...next, user: 'ada' })))).toEqual(['two'])
  })

  it('is refused, and nothing sent, where nobody asks (any more)', async () => {
    const server = await serve({ steps: [piece('One '), which, piece('two '), { ...which, parts: ['And then?'] }, piece('three')] })
    const { request } = await asked(server)
    const id = request.id
    for (const unknown of ['', 'task', '/', `x${id}`, `${id}x`, id.replace('/', '/x'), '%E0/1', `${id}/1`]) {
      expect(await sent(server, answered({ type: 'answer', kind: 'input', request: unknown, text: 'This' }), next)).toEqual(refused)
    }
    const second = await collect(server.agent().runStreaming(inWords(request, 'This'), next))
    expect(await sent(server, inWords(request, 'Again'), { ...run, runId: 'late' })).toEqual(refused)
    expect(await sent(server, answered(...[request, requestIn(second)].map((each) => ({ type: 'answer', kind: 'input', request: each.id, text: 'x' }) as const)), { ...run, runId: 'both' })).toEqual(refused)
    await collect(server.agent().runStreaming(inWords(requestIn(second), 'This'), { ...run, runId: 'third' }))
    expect(await sent(server, inWords(requestIn(second), 'Again'), { ...run, runId: 'late' })).toEqual(refused)
  })

  it('may be sent again where the task could not be read: nothing was sent', async () => {
    const server = await serve({ steps: [which, piece('two')] })
    const { request } = await asked(server)
    const cut = server.agent({ fetch: async (url, init) => (String(init.body).includes('GetTask') ? Promise.reject(new TypeError('fetch failed')) : await fetch(url, init)) })
    expect(await failureOf(collect(cut.runStreaming(inWords(request, 'This'), next)))).toMatchObject({ code: 'unavailable' })
    expect(server.started()).toBe(1)
  })
})

describe('an A2A task that waits for a sign-in', () => {
  silenced()

  function script(): { script: A2aTaskScript; signedIn(): void; finish(): void } {
    const [signedIn, finish] = [gate(), gate()]
    const until = signedIn.step.type === 'wait' && typeof signedIn.step.until === 'function' ? signedIn.step.until : undefined
    return {
      script: { steps: [piece('One '), { ...signIn, ...(until && { until }) }, piece('two '), finish.step, piece('three')] },
      signedIn: signedIn.open,
      finish: finish.open,
    }
  }

  it('goes on by itself once the person has signed in elsewhere: a poll says so, and a new leg is the same run (row 25)', async () => {
    const { script: played, signedIn, finish } = script()
    const server = await serve(played)
    const { token, updates } = await asked(server)
    const options = { ...run, continuationToken: token }
    expect(await server.agent().run([], options)).toMatchObject({ state: { type: 'paused', reason: 'auth' }, continuationToken: null })
    signedIn()
    await vi.waitFor(async () => expect(await server.agent().run([], options)).toMatchObject({ state: { type: 'working' }, continuationToken: token }))
    const further: AgentResponseUpdate[] = []
    for await (const update of server.agent().runStreaming([], options)) {
      further.push(update)
      if (update.type === 'snapshot') finish()
    }
    expect(textIn([...updates, ...further])).toBe('One two three')
    expect(shown([...updates, ...further]).state).toEqual({ type: 'completed' })
    expect(server.started()).toBe(1)
  })

  const signedInSince = (request: RequestPart): ChatMessage[] => answered({ type: 'answer', kind: 'auth', request: request.id, approved: true })

  function conversationIn(updates: readonly AgentResponseUpdate[]): string {
    const last = updates.at(-1)
    return (last?.type === 'pause' && last.conversation) || ''
  }

  it.each(['goes on', 'has ended'])('and %s by itself before the person says so is followed from there on, and sent nothing (row 25)', async (how) => {
    const { script: played, signedIn, finish } = script()
    const server = await serve(played)
    const { token, updates, request } = await asked(server)
    const options = { ...next, conversation: conversationIn(updates) }
    signedIn()
    if (how === 'has ended') finish()
    const state = { type: how === 'has ended' ? 'completed' : 'working' }
    await vi.waitFor(async () => expect(await server.agent().run([], { ...run, continuationToken: token })).toMatchObject({ state }))
    const answer: AgentResponseUpdate[] = []
    for await (const update of server.agent().runStreaming(signedInSince(request), options)) {
      answer.push(update)
      if (update.type === 'text') finish()
    }
    expect(shown(answer)).toMatchObject({ parts: [{ text: 'two three' }], state: { type: 'completed' } })
    expect(await server.agent().run([], { ...options, continuationToken: lastToken(answer) })).toMatchObject({ message: { parts: [{ text: 'two three' }] } })
    expect((await server.agent().run(signedInSince(request), { ...options, runId: 'whole' })).message).toMatchObject({ parts: [{ text: 'two three' }] })
    expect(server.started()).toBe(1)
  })

  it('is followed to what it asks next, and no further once somebody has answered that', async () => {
    const played = script()
    const server = await serve({ steps: [...played.script.steps.slice(0, 3), which, piece('three')] })
    const { updates, request } = await asked(server)
    const options = { ...next, conversation: conversationIn(updates) }
    played.signedIn()
    const heard = await vi.waitFor(async () => {
      const answer = await collect(server.agent().runStreaming(signedInSince(request), options))
      expect(texts(answer)).toEqual(['two ', '? Which report?'])
      return answer
    })
    const third = await collect(server.agent().runStreaming(inWords(requestIn(heard), 'This'), { ...run, runId: 'third', conversation: conversationIn(heard) }))
    expect(texts(third)).toEqual(['three'])
    expect(await server.agent().run([], { ...options, continuationToken: heardToken(heard) })).toMatchObject({ state: { type: 'completed' }, message: { parts: [] } })
    expect(await failureOf(server.agent().run(signedInSince(request), { ...options, runId: 'late' }))).toMatchObject({ code: 'not_found' })
    expect(server.started()).toBe(2)
  })

  it('is not followed where somebody has answered, nobody has asked, or it is of others (row 80)', async () => {
    const server = await serve(script().script)
    const ada = { ...run, user: 'ada' }
    const { updates, request } = await asked(server, server.agent(), ada)
    const conversation = conversationIn(updates)
    const left = await collectUntil(server.agent().runStreaming(signedInSince(request), { ...ada, runId: 'first', conversation }), ({ type }) => type === 'text')
    expect(texts(left)).toEqual(['two '])
    for (const more of [{ conversation }, { conversation: undefined }, { conversation: 'sign-in:' }, { conversation: null }, { user: 'bob', conversation: undefined }]) {
      expect(await failureOf(server.agent().run(signedInSince(request), { ...ada, runId: 'late', ...more }))).toMatchObject({ code: 'not_found' })
    }
    expect(server.started()).toBe(2)
  })

  it('is in the context that its conversation names, for a message that passes it over as well', async () => {
    const server = await serve((text) => (text === 'Never mind' ? { steps: [piece('As you like')] } : script().script))
    const { updates } = await asked(server)
    const message = [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'Never mind' }] }] as const
    await collect(server.agent().runStreaming(message, { ...next, conversation: conversationIn(updates) }))
    const [first, second] = server.requests.filter(({ method }) => method === 'SendStreamingMessage').map(({ params }) => JSON.parse(JSON.stringify(params)).message)
    expect(second.contextId).toBe(first.contextId)
    expect(second).not.toHaveProperty('taskId')
  })
})

describe('what an A2A server keeps of what was said', () => {
  const said = (messageId: string, role = 'ROLE_USER') => ({ messageId, role, parts: [{ text: messageId }] })
  const own = said(run.runId)
  const status = { statusUpdate: { taskId: 'task', contextId: 'context', status: { state: 'TASK_STATE_WORKING' } } }

  it.each([
    ['what was said before the task', [{ task: { ...task('WORKING', 'One '), history: [said('before'), own] } }], [said('before'), own]],
    ['that, and tells it late', [status], [said('before'), own]],
    ['the messages of the person under other ids', [{ task: task('WORKING', 'One ') }], [said('renamed')]],
    ['nothing', [{ task: task('WORKING', 'One ') }], []],
  ])('is no sign of an answer where it is %s', async (_, events, history) => {
    const kept = { ...task('COMPLETED', 'One two'), history }
    const { agent } = faked({ SendStreamingMessage: () => stream(...events), SubscribeToTask: () => stream({ task: kept }), GetTask: () => result(kept) })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(textIn(updates)).toBe('One two')
    expect(textIn(await collect(agent.runStreaming([], { ...run, continuationToken: lastToken(updates) })))).toBe('One two')
  })

  it('is no step of the answer where it is the question still', async () => {
    const question = said('question', 'ROLE_AGENT')
    const waiting = { ...task('INPUT_REQUIRED', ''), status: { state: 'TASK_STATE_INPUT_REQUIRED', message: question }, history: [own, question] }
    const working = { ...waiting, status: { state: 'TASK_STATE_WORKING', message: question }, history: [own, question, said(next.runId)] }
    let sent = false
    const { agent } = faked({
      GetTask: () => result(sent ? working : waiting),
      SendStreamingMessage() {
        sent = true
        return stream({ task: working })
      },
    })
    const options = { ...next, conversation: 'context' }
    const polled = await agent.run([], { ...run, continuationToken: token })
    const request = polled.message.parts.find((part) => part.type === 'request')?.id ?? ''
    const updates = await collectUntil(agent.runStreaming(answered({ type: 'answer', kind: 'input', request, text: 'This' }), options), ({ type }) => type === 'open')
    expect(await agent.run([], { ...options, continuationToken: lastToken(updates) })).toMatchObject({ state: { type: 'working' }, steps: [] })
  })

  it('tells one question from the next without times and words: by what has come since, and how often it was answered', async () => {
    const texts = ['One ', 'One two ', 'One two three']
    const people = [own, said(next.runId), said('third')]
    let answers = 0
    const now = (state = 'INPUT_REQUIRED') => ({ ...task(state, texts[answers] ?? ''), history: people.slice(0, answers + 1) })
    const { agent, methods } = faked({
      GetTask: () => result(now()),
      SubscribeToTask: () => stream({ task: now() }),
      SendStreamingMessage() {
        answers += 1
        return stream({ task: now('WORKING') }, { statusUpdate: { taskId: 'task', contextId: 'context', status: { state: 'TASK_STATE_INPUT_REQUIRED' } } })
      },
    })
    const options = { ...next, conversation: 'context' }
    const first = requestsIn((await agent.run([], { ...run, continuationToken: token })).message)[0]
    if (first === undefined) throw new Error('Nothing is asked.')
    const updates = await collect(agent.runStreaming(inWords(first, 'a'), options))
    expect(updates.at(-1)).toMatchObject({ type: 'pause' })
    const second = requestIn(updates)
    expect(second.id).not.toBe(first.id)
    const resumed = { ...options, continuationToken: lastToken(updates) }
    expect(await agent.run([], resumed)).toMatchObject({ state: { type: 'paused' }, message: { parts: [{ text: 'two ' }, { id: second.id }] } })
    expect((await collect(agent.runStreaming([], resumed))).at(-1)).toMatchObject({ type: 'pause' })
    expect(await failureOf(agent.run(inWords(first, 'late'), { ...options, runId: 'late' }))).toMatchObject({ code: 'not_found' })
    expect(partsOf((await agent.run(inWords(second, 'b'), { ...options, runId: 'third' })).message)[0]).toBe('three')
    expect(methods.filter((method) => method === 'SendStreamingMessage')).toHaveLength(2)
  })

  it('is the same question still, without times and words, as long as nothing has come since', async () => {
    const waiting = { ...task('INPUT_REQUIRED', 'One '), history: [own] }
    let sent = false
    const { agent } = faked({
      GetTask: () => result(sent ? { ...waiting, history: [own, said(next.runId)] } : waiting),
      SendStreamingMessage() {
        sent = true
        return stream({ task: { ...waiting, history: [own, said(next.runId)] } })
      },
    })
    const [request] = requestsIn((await agent.run([], { ...run, continuationToken: token })).message)
    if (request === undefined) throw new Error('Nothing is asked.')
    const options = { ...next, conversation: 'context' }
    const updates = await collectUntil(agent.runStreaming(inWords(request, 'This'), options), ({ type }) => type === 'open')
    expect(await agent.run([], { ...options, continuationToken: lastToken(updates) })).toMatchObject({ state: { type: 'working' }, message: { parts: [] } })
  })

  it('is nothing to the run that asked once it is answered, where the first that was heard of that is no task', async () => {
    const name = { taskId: 'task', contextId: 'context' }
    const asking = { state: 'TASK_STATE_INPUT_REQUIRED', timestamp: '2026-01-01T00:00:00Z' }
    const waiting = { ...task('', 'One '), status: asking, history: [said('before'), own] }
    const kept = { ...task('COMPLETED', 'One two', { timestamp: '2026-01-01T00:00:01Z' }), history: [said('before'), own, said(next.runId)] }
    let answeredSince = false
    const { agent } = faked({
      GetTask: () => result(answeredSince ? kept : waiting),
      SendStreamingMessage: () => stream(status, { artifactUpdate: { ...name, artifact: { artifactId: 'answer', parts: [{ text: 'One ' }] } } }, { statusUpdate: { ...name, status: asking } }),
    })
    const updates = await collect(agent.runStreaming(ask, run))
    expect(updates.at(-1)).toMatchObject({ type: 'pause' })
    answeredSince = true
    expect(await agent.run([], { ...run, continuationToken: heardToken(updates) })).toMatchObject({ state: { type: 'completed' }, message: { parts: [] } })
    expect(await agent.cancel({ ...run, continuationToken: heardToken(updates) })).toMatchObject({ state: { type: 'completed' }, message: { parts: [] } })
  })

  it.each([
    ['nothing', [], []],
    ['all but the question', [own, said('old', 'ROLE_AGENT')], [own, said('old', 'ROLE_AGENT'), said(next.runId), said('step', 'ROLE_AGENT')]],
    ['all', [own, said('old', 'ROLE_AGENT'), said('question', 'ROLE_AGENT')], [own, said('old', 'ROLE_AGENT'), said('question', 'ROLE_AGENT'), said(next.runId), said('step', 'ROLE_AGENT')]],
  ])('is no matter to the steps of an answer: it keeps %s', async (_, before, since) => {
    const statusOf = (state: string, message: string) => ({ state: `TASK_STATE_${state}`, timestamp: '2026-01-01T00:00:00Z', message: said(message, 'ROLE_AGENT') })
    let sent = false
    const now = () => (sent ? { ...task('WORKING', 'One two'), status: statusOf('WORKING', 'step'), history: since } : { ...task('', 'One '), status: statusOf('INPUT_REQUIRED', 'question'), history: before })
    const { agent } = faked({
      GetTask: () => result(now()),
      SendStreamingMessage() {
        sent = true
        return stream({ task: now() })
      },
    })
    const [request] = requestsIn((await agent.run([], { ...run, continuationToken: token })).message)
    if (request === undefined) throw new Error('Nothing is asked.')
    const options = { ...next, conversation: 'context' }
    const updates = await collectUntil(agent.runStreaming(inWords(request, 'This'), options), ({ type }) => type === 'text')
    expect(shown(updates).steps).toMatchObject([{ id: 'step', state: 'active' }])
    expect((await agent.run([], { ...options, continuationToken: lastToken(updates) })).steps).toMatchObject([{ id: 'step' }])
  })

  it('may be gone once the answer comes: that went to nothing', async () => {
    const { agent, methods } = faked({ GetTask: () => result(task('INPUT_REQUIRED', 'One ')) })
    const polled = await agent.run([], { ...run, continuationToken: token })
    const request = polled.message.parts.find((part) => part.type === 'request')?.id ?? ''
    const sent = agent.run(answered({ type: 'answer', kind: 'input', request, text: 'This' }), { ...next, conversation: 'context' })
    expect(await failureOf(sent)).toMatchObject({ code: 'not_found' })
    expect(methods.at(-1)).toBe('SendStreamingMessage')
  })
})
