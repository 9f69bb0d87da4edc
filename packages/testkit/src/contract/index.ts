export {
  agentContract,
  type AgentContract,
  type AgentContractOptions,
  type ContractCase,
  type LeftOutCase,
} from './agentContract.ts'
export { decodings } from './decodings.ts'
export {
  type AgentContractSubject,
  type ContractAbilities,
  type ContractAbility,
  type ContractAnswer,
  type ContractOutcome,
  type ContractPiece,
  type ContractWorld,
} from './subject.ts'
