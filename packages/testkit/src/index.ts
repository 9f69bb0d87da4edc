export { describeFaults, describePlan } from './describePlan.ts'
export { cleanPlan, type Fault, type FaultKind, type FaultPlan } from './fault.ts'
export { faultKinds, faultPlan, type FaultPlanOptions } from './faultPlan.ts'
export { faultyAgent, type AgentFaults, type FaultyAgent, type FaultyAgentOptions } from './faultyAgent.ts'
export { faultyFetch, type FaultyFetch, type FaultyRequest } from './faultyFetch.ts'
export { handlerFetch, type Fetch } from './handlerFetch.ts'
export { type BodyEnd } from './playBody.ts'
export { seededRandom, type SeededRandom } from './random.ts'
export { type EmulatedRequest } from './responses/emulatedRequest.ts'
export { type ResponsesEmulatorOptions } from './responses/options.ts'
export { type ResponsesProfile } from './responses/profile.ts'
export { type ResponsesInputItem, type ResponsesRequest } from './responses/request.ts'
export { responsesEmulator, type EmulatedResponse, type ResponsesEmulator } from './responses/responsesEmulator.ts'
export {
  type ResponsesAnswer,
  type ResponsesInterlude,
  type ResponsesOutcome,
  type ResponsesScript,
  type ScriptedItem,
  type ScriptedRefusal,
  type ScriptedText,
} from './responses/script.ts'
export { type Script, type ScriptedUpdate, type ScriptStep } from './script.ts'
export { scriptedAgent, type AgentCall, type ScriptedAgent, type ScriptedAgentOptions } from './scriptedAgent.ts'
export { createTabHub, type TabHub } from './tabHub.ts'
