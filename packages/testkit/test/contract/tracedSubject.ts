import { type Agent } from '@rejoin/core'
import { traced } from '@rejoin/proxy/telemetry'
import { type AgentContractSubject } from '@rejoin/testkit/contract'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new InMemorySpanExporter())] })

/** The subject as an app has it that traces, with all that can be told. */
export function tracedSubject(subject: AgentContractSubject): AgentContractSubject {
  const wrap = (agent: Agent): Agent => traced(agent, { name: subject.name, content: true, tracer: provider.getTracer('contract') })
  return {
    name: `${subject.name}, traced`,
    can: subject.can,
    async create(answer) {
      const world = await subject.create(answer)
      return { ...world, agent: wrap(world.agent), again: () => wrap(world.again()) }
    },
  }
}
