import type { AgentFaults, FaultyAgent } from '@rejoin/testkit'
import { addons } from 'storybook/preview-api'
import { forgetFaults, keepFaults } from './keptFaults.ts'
import { networkMessage, type NetworkState } from './networkMessage.ts'

/** Lets the panel see the network of this story and change it. Gives back how to end that, and what was changed. */
export function openToPanel(story: string, network: FaultyAgent): () => void {
  const channel = addons.getChannel()

  function tell(): void {
    const { faults, connections } = network
    channel.emit(networkMessage.state, { faults, connections } satisfies NetworkState)
  }

  function change(faults: Partial<AgentFaults>): void {
    network.setFaults(faults)
    keepFaults(story, network.faults)
  }

  function cut(): void {
    channel.emit(networkMessage.wasCut, network.cut())
  }

  const leave = network.subscribe(tell)
  channel.on(networkMessage.ask, tell)
  channel.on(networkMessage.change, change)
  channel.on(networkMessage.cut, cut)
  tell()
  return () => {
    leave()
    forgetFaults()
    channel.off(networkMessage.ask, tell)
    channel.off(networkMessage.change, change)
    channel.off(networkMessage.cut, cut)
    channel.emit(networkMessage.state, null)
  }
}
