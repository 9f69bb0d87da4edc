// What an app writes in its tests, on Node.
import { expect, test as base } from '@playwright/test'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { faultPlan, faultyFetch, handlerFetch, responsesEmulator, scriptedAgent } from '@rejoin/testkit'
import { a2aServer } from '@rejoin/testkit/a2a'
import { agentContract, type AgentContractSubject } from '@rejoin/testkit/contract'
import { wireFixtures, type WireFixtures } from '@rejoin/testkit/playwright'
import { haltAfter, renderReloadable } from '@rejoin/testkit/react'
import { serve } from '@rejoin/testkit/server'

declare const subject: AgentContractSubject

export const agent = scriptedAgent({ steps: ['Be', { cut: true }, 'cause.'] }, { paceMs: 20 })

const emulator = responsesEmulator({ answer: { output: [{ type: 'message', text: ['Because ', 'it is there.'] }] } })
export const model = openAIResponsesAgent({ apiKey: 'any', model: 'o3', fetch: faultyFetch(handlerFetch(emulator.handler), faultPlan(7)) })

export async function address(): Promise<string> {
  const { url, close } = await serve(emulator.handler)
  await close()
  return url
}

export async function card(): Promise<string> {
  const { cardUrl, close } = await a2aServer({ script: { steps: [{ type: 'artifact', id: 'a', parts: ['Because'] }] } })
  await close()
  return cardUrl
}

export const names: string[] = agentContract(subject).cases.map(({ name }) => name)

const test = base.extend<WireFixtures>(wireFixtures)

test('the answer survives a reload', async ({ page, wire }) => {
  await page.goto('/')
  expect(wire.url).toContain('http')
})

export async function text(): Promise<string | null> {
  const halting = haltAfter(1, agent)
  const { container, reload } = renderReloadable((life) => <p>{life.agent(halting).startsOnce}</p>)
  await halting.halted
  await reload()
  return container.textContent
}
