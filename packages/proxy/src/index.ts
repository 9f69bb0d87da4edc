export { backgroundAgent, type BackgroundAgentOptions } from './agents/generator/backgroundAgent.ts'
export { type AgentAnswers, type AgentQuestions, type Ask, type Decision } from './agents/generator/ask.ts'
export {
  type AgentGenerator,
  type GeneratorContext,
  type GeneratorItem,
  type GeneratorLeft,
  type GeneratorPart,
} from './agents/generator/generator.ts'
export { type AfterRestart } from './agents/generator/generatorSource.ts'
export { type Authorization, type Authorize } from './authorize.ts'
export { type ErrorPlace, type History } from './context.ts'
export { createAgentProxy, type AgentProxy, type AgentProxyOptions, type HandlerContext } from './createAgentProxy.ts'
export {
  type Answered,
  type AppendOptions,
  type Asked,
  type CreateOptions,
  type EventLog,
  type Lease,
  type LogEntry,
  type LoggedUpdate,
  type LogHead,
} from './logs/eventLog.ts'
export {
  type CancelledEvent,
  type EndedEvent,
  type EventLeg,
  type EventRun,
  type JoinedEvent,
  type LegClosedEvent,
  type LegEnd,
  type LegOpenedEvent,
  type PausedEvent,
  type ProxyEvent,
  type RefusedEvent,
  type StartedEvent,
} from './events.ts'
export { memoryEventLog, type MemoryEventLogOptions } from './logs/memory.ts'
export { type RecordedMessage, type RecordMessage } from './record/record.ts'
export { memoryRunRegistry, type MemoryRunRegistryOptions } from './registry/memory.ts'
export {
  type BeginOptions,
  type BeginResult,
  type Claim,
  type EndedRecord,
  type LatestOptions,
  type PauseNote,
  type RecordedState,
  type RunIdentity,
  type RunKey,
  type RunProgress,
  type RunRecord,
  type RunRegistry,
  type SettledOptions,
} from './registry/registry.ts'
export { type Secret } from './token/keyRing.ts'
