import { context, diag, DiagLogLevel, SpanStatusCode, trace, type Attributes, type DiagLogger, type Span, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'

/** What an app has set up that traces: its SDK, and who asks which spans there were. */
export interface Recorder {
  readonly tracer: Tracer
  /** Spans that have ended, in the order of their ends, since the last `clear`. */
  spans(): ReadableSpan[]
  /** How many spans have begun and not ended. */
  open(): number
  clear(): void
  /** Runs with a span of the test's own as the active one. */
  within<T>(name: string, run: () => T): { readonly result: T; readonly id: string }
}

/** For the tests of a file. A test that leaves a span open, or that ends one twice, fails. */
export function recordSpans(): Recorder {
  const exporter = new InMemorySpanExporter()
  const complaints: string[] = []
  let open = 0
  const counter = {
    onStart: () => void (open += 1),
    onEnd: () => void (open -= 1),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  const provider = new BasicTracerProvider({ spanProcessors: [counter, new SimpleSpanProcessor(exporter)] })
  const tracer = provider.getTracer('test')

  function clear(): void {
    exporter.reset()
    open = 0
    complaints.length = 0
  }

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    const complain = (...words: unknown[]): void => void complaints.push(words.map(String).join(' '))
    const logger: DiagLogger = { error: complain, warn: complain, info() {}, debug() {}, verbose() {} }
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
  })

  beforeEach(clear)

  afterEach(() => {
    if (open !== 0) throw new Error(`${open} spans are open.`)
    // Of a second end it says so, and of whatever is told to a span after its end.
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  })

  afterAll(() => {
    context.disable()
    diag.disable()
  })

  return {
    tracer,
    spans: () => exporter.getFinishedSpans(),
    open: () => open,
    clear,
    within(name, run) {
      const span = tracer.startSpan(name)
      try {
        return { result: context.with(trace.setSpan(context.active(), span), run), id: span.spanContext().spanId }
      } finally {
        span.end()
      }
    },
  }
}

/** What tells two spans apart, and nothing that changes from run to run. */
export function summary({ name, attributes, status }: ReadableSpan): { name: string; attributes: Attributes; failed: boolean } {
  return { name, attributes, failed: status.code === SpanStatusCode.ERROR }
}

export function activeSpanId(): string | null {
  return idOf(trace.getActiveSpan())
}

export function idOf(span: Span | ReadableSpan | undefined): string | null {
  return span?.spanContext().spanId ?? null
}

/** All that a span says, for looking for what it must not say. */
export function textIn({ name, attributes, events, links, status, resource }: ReadableSpan): string[] {
  const texts: string[] = [name, status.message ?? '']
  JSON.stringify([attributes, events, links, resource.attributes], (key, value: unknown) => {
    texts.push(key)
    if (typeof value === 'string') texts.push(value)
    return value
  })
  return texts
}
