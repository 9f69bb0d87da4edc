import { createBench } from './bench.ts'
import { abortCases } from './cases/abort.ts'
import { cancelCases } from './cases/cancel.ts'
import { endCases } from './cases/ends.ts'
import { inputCases } from './cases/input.ts'
import { leavingCases } from './cases/leaving.ts'
import { pollCases } from './cases/poll.ts'
import { questionCases } from './cases/questions.ts'
import { resumeCases } from './cases/resume.ts'
import { startCases } from './cases/starts.ts'
import { streamCases } from './cases/streams.ts'
import { tokenCases } from './cases/tokens.ts'
import { turnCases } from './cases/turns.ts'
import { type CaseDefinition } from './contractCase.ts'
import { createPatience } from './patience.ts'
import { type AgentContractSubject, type ContractAbility } from './subject.ts'

/** One behaviour, to be run by any test runner. */
export interface ContractCase {
  /** A behaviour in the present tense. */
  readonly name: string
  /** Rejects where the agent does not behave so. */
  run(): Promise<void>
}

/** A behaviour that this kind of agent does not have. */
export interface LeftOutCase {
  readonly name: string
  /** Why it does not apply. */
  readonly because: string
}

/** What an agent must do, by what it can do. */
export interface AgentContract {
  readonly cases: readonly ContractCase[]
  /** What this kind of agent can not show. Nobody has checked it. */
  readonly leftOut: readonly LeftOutCase[]
}

/** How patient the cases are. */
export interface AgentContractOptions {
  /** What has not come after so many milliseconds of real time never comes. @default 10000 */
  patienceMs?: number | undefined
}

const definitions: readonly CaseDefinition[] = [
  ...inputCases,
  ...startCases,
  ...streamCases,
  ...tokenCases,
  ...resumeCases,
  ...pollCases,
  ...endCases,
  ...questionCases,
  ...turnCases,
  ...leavingCases,
  ...cancelCases,
  ...abortCases,
]

/**
 * What every `Agent` must do, as cases for any test runner:
 *
 * ```ts
 * const { cases, leftOut } = agentContract(subject)
 * for (const { name, run } of cases) test(name, run)
 * for (const { name, because } of leftOut) test.skip(`${name}: ${because}`)
 * ```
 *
 * Needs Node's `assert`.
 */
export function agentContract(subject: AgentContractSubject, options: AgentContractOptions = {}): AgentContract {
  const { can } = subject
  const patience = createPatience(options.patienceMs ?? 10_000)

  async function run({ answer: answerFor, check }: CaseDefinition): Promise<void> {
    const answer = answerFor(can)
    const world = await subject.create(answer)
    try {
      await check(createBench({ can, world, answer, patience }))
    } finally {
      await world.close()
    }
  }

  const cases: ContractCase[] = []
  const leftOut: LeftOutCase[] = []
  for (const definition of definitions) {
    const name = definition.title
    const because = obstacle(definition, (ability) => can[ability])
    if (because === null) cases.push({ name, run: () => run(definition) })
    else leftOut.push({ name, because })
  }
  return { cases, leftOut }
}

function obstacle({ needs = [], lacks = [] }: CaseDefinition, can: (ability: ContractAbility) => boolean): string | null {
  const missing = needs.filter((ability) => !can(ability))
  if (missing.length > 0) return `lacks ${missing.join(', ')}`
  const present = lacks.filter(can)
  return present.length > 0 ? `has ${present.join(', ')}` : null
}
