import { type Bench } from './bench.ts'
import { type ContractAbilities, type ContractAbility, type ContractAnswer } from './subject.ts'

/** One behaviour, before there is a subject to show it. */
export interface CaseDefinition {
  /** In the present tense; names the rows of docs/compliance.md it shows. */
  readonly title: string
  /** Left out where the subject can not do these. */
  readonly needs?: readonly ContractAbility[]
  /** Left out where the subject can do these. */
  readonly lacks?: readonly ContractAbility[]
  answer(can: ContractAbilities): ContractAnswer
  check(bench: Bench): Promise<void>
}
