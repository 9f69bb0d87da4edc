import { type ResponsesProfile } from '@rejoin/testkit'
import { behindProxy } from './contract/behindProxy.ts'
import { fakeHolds } from './contract/fakeHolds.ts'
import { openAISubject } from './contract/openAISubject.ts'
import { testContract } from './contract/testContract.ts'

const profiles: readonly ResponsesProfile[] = ['openai', 'azure', 'inclusive', 'replay', 'hangs', 'foreground', 'foundry']

fakeHolds()

for (const profile of profiles) {
  const subject = openAISubject(profile)
  testContract(subject)
  testContract(behindProxy(subject))
}
