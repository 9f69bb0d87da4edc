/**
 * Ways to break what always holds of the engine, one edit each. `from` stands exactly once in `file`.
 * `suite` is what the tests of that place are run with.
 * @typedef {object} Mutation
 * @property {number} invariant the number of the paragraph in docs/reliability.md
 * @property {string} what what is wrong after it
 * @property {string} file
 * @property {string} from
 * @property {string} to
 * @property {readonly string[]} suite arguments for Vitest
 */

const core = ['--project', 'unit', 'packages/core', 'packages/testkit/test/engine', 'e2e/chaos']
const proxy = ['--project', 'unit', 'packages/proxy/test']
const browser = ['--project', 'browser', 'packages/core']

const engine = 'packages/core/src/engine'
const agents = 'packages/proxy/src/agents'

/** @type {readonly Mutation[]} */
export const mutations = [
  {
    invariant: 1,
    what: 'a stream that ends cleanly ends the run',
    file: `${engine}/readRun.ts`,
    from: "if (result.type === 'closed' || result.type === 'running') {",
    to: "if (result.type === 'closed' && !polling) return live.end({ type: 'completed' })\n      if (result.type === 'closed' || result.type === 'running') {",
    suite: core,
  },
  {
    invariant: 1,
    what: 'an end in the stream is believed before all of the answer has come',
    file: `${engine}/leg.ts`,
    from: 'return lengthOf(parts) !== end.length',
    to: 'return false',
    suite: core,
  },
  {
    invariant: 2,
    what: 'an update that was seen before counts once more',
    file: 'packages/core/src/reduce.ts',
    from: 'if (event.cursor <= run.cursor) return run\n  const moved',
    to: 'if (event.cursor < run.cursor) return run\n  const moved',
    suite: core,
  },
  {
    invariant: 2,
    what: 'a reader takes what a leg repeats for new',
    file: `${engine}/liveRun.ts`,
    from: 'else if (isClosing(update) || update.cursor > last) {',
    to: 'else {',
    suite: core,
  },
  {
    invariant: 2,
    what: 'a snapshot that knows less takes shown text away',
    file: 'packages/core/src/reduce.ts',
    from: 'return { ...run, parts, floor: behind ? run.floor : null }',
    to: 'return { ...run, parts, floor: behind ? null : null }',
    suite: core,
  },
  {
    invariant: 3,
    what: 'the head moves, and the content comes with the next write',
    file: `${engine}/persister.ts`,
    from: 'for (const update of updates) pending.push(update)',
    to: 'queueMicrotask(() => pending.push(...updates))',
    suite: core,
  },
  {
    invariant: 3,
    what: 'what a log is damaged in is passed over, with the cursor where it was',
    file: 'packages/core/src/store/idbRunStore.ts',
    from: 'whole &&= place === next && segment !== null && segment.through >= place',
    to: 'whole &&= segment !== null',
    suite: core,
  },
  {
    invariant: 4,
    what: 'the proxy begins a start that it knows once more',
    file: 'packages/proxy/src/registry/memory.ts',
    from: "if (known) return { type: 'joined', record: known }",
    to: '',
    suite: proxy,
  },
  {
    invariant: 4,
    what: 'the message is sent again although a token has come',
    file: `${engine}/leg.ts`,
    from: 'if (handle !== null) return {',
    to: 'if (handle !== null && message === null) return {',
    suite: core,
  },
  {
    invariant: 5,
    what: 'a page that goes cancels its run',
    file: `${engine}/liveRun.ts`,
    from: '// In the same turn: a page that is going gets no other.',
    to: 'void context.agent().cancel({ session, runId: id, continuationToken: null }).catch(() => {})',
    suite: core,
  },
  {
    invariant: 4,
    what: 'a create whose answer was lost is taken for one that was never sent',
    file: `${agents}/openai/client.ts`,
    from: "throw new RejoinError(wasNeverSent(cause) ? 'unavailable' : 'start_unknown', { cause })",
    to: "throw new RejoinError('unavailable', { cause })",
    suite: proxy,
  },
  {
    invariant: 5,
    what: 'a client that leaves its stream ends the run',
    file: 'packages/proxy/src/routes/answer.ts',
    from: "request.signal.addEventListener('abort', leg.close, { once: true })",
    to: "request.signal.addEventListener('abort', () => (leg.close(), void context.agent.cancel({ ...run, continuationToken: handle === null ? null : joinToken(handle, '000000.0000000000' as Cursor) }).catch(() => {})), { once: true })",
    suite: proxy,
  },
  {
    invariant: 5,
    what: 'a stop is said here, and told to nobody',
    file: `${engine}/stopping.ts`,
    from: 'stopping ??= cancelUntilEnded()',
    to: 'stopping ??= Promise.resolve()',
    suite: core,
  },
  {
    invariant: 5,
    what: 'a stop is forgotten with its page',
    file: `${engine}/liveRun.ts`,
    from: 'void context.storage.attempt((store) => store.requestStop(key), undefined)',
    to: '',
    suite: core,
  },
  {
    invariant: 5,
    what: 'a stop that comes late from the store is passed over',
    file: `${engine}/liveRun.ts`,
    from: 'if (record.head.stop) void stop()',
    to: '',
    suite: core,
  },
  {
    invariant: 6,
    what: 'each tab reads for itself',
    file: `${engine}/liveRun.ts`,
    from: '.lock(context.nameOf(session, id), mine.signal, () => hold(mine))',
    to: '.lock(context.nameOf(session, id, String(Math.random())), mine.signal, () => hold(mine))',
    suite: core,
  },
  {
    invariant: 6,
    what: 'a reader that another has followed still writes',
    file: 'packages/core/src/store/idbRunStore.ts',
    from: "if (head.reader !== write.reader) return 'superseded'",
    to: '',
    suite: core,
  },
  {
    invariant: 6,
    what: 'a page that is put away keeps its connection',
    file: `${engine}/pageEvents.ts`,
    from: "window.addEventListener('pagehide', onLeave, { signal })",
    to: '',
    suite: browser,
  },
  {
    invariant: 7,
    what: 'each update is a commit of its own',
    file: `${engine}/frames.ts`,
    from: 'cancel ??= schedule()',
    to: 'flush()',
    suite: browser,
  },
  {
    invariant: 7,
    what: 'an end waits for the next frame',
    file: `${engine}/session.ts`,
    from: 'if (now) context.frames.flush()',
    to: '',
    suite: core,
  },
  {
    invariant: 7,
    what: 'a page that shows no frames hears nothing',
    file: `${engine}/frames.ts`,
    from: 'const hidden = isHidden()',
    to: 'const hidden = false',
    suite: core,
  },
  {
    invariant: 8,
    what: 'a store that refuses stops the run',
    file: `${engine}/storage.ts`,
    from: 'resolve(otherwise)\n',
    to: '',
    suite: core,
  },
  {
    invariant: 8,
    what: 'a store that does not answer is waited for',
    file: `${engine}/storage.ts`,
    from: 'left -= 1',
    to: '',
    suite: core,
  },
  {
    invariant: 9,
    what: 'what the server asks to wait is not waited',
    file: `${engine}/backoff.ts`,
    from: 'floorMs + Math.min(floorMs / 10, maxFloorSpreadMs) * share',
    to: '0',
    suite: core,
  },
  {
    invariant: 9,
    what: 'progress does not give a run new patience',
    file: `${engine}/readRun.ts`,
    from: 'if (progressed) attempt = 0',
    to: '',
    suite: core,
  },
  {
    invariant: 9,
    what: 'a network that is back is found out by the next try',
    file: `${engine}/pageEvents.ts`,
    from: "window.addEventListener('online', () => onWake('moved'), { signal })",
    to: '',
    suite: browser,
  },
  {
    invariant: 9,
    what: 'a refused start is tried again and again',
    file: `${engine}/classify.ts`,
    from: 'default:\n      return starting ? failed(error.code)',
    to: 'default:\n      return starting && false ? failed(error.code)',
    suite: core,
  },
  {
    invariant: 10,
    what: 'a part grows in place',
    file: 'packages/core/src/reduce.ts',
    from: 'return parts.with(at, grown)',
    to: 'return Object.assign(parts, { [at]: grown })',
    suite: core,
  },
  {
    invariant: 10,
    what: 'a run holds what can not be stored',
    file: 'packages/core/src/run.ts',
    from: 'conversation: null,\n  }',
    to: "conversation: null,\n    ...{ touch() {} },\n  }",
    suite: core,
  },
]
