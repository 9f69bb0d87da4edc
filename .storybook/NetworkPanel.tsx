/** @jsxRuntime classic */
// Storybook brings a React of its own for its manager, which is older than ours and has no jsx-runtime there.
import type { AgentFaults } from '@rejoin/testkit'
import * as React from 'react'
import { useEffect, useState, type ReactNode } from 'react'
import { Button, ToggleButton } from 'storybook/internal/components'
import { useChannel } from 'storybook/manager-api'
import { styled } from 'storybook/theming'
import { networkMessage, type NetworkState } from './networkMessage.ts'

/** Milliseconds for everything, on a slow network. */
const slowMs = 1_500

/** Breaks the network between the chat that is shown and its agent. */
export function NetworkPanel(): ReactNode {
  const [network, setNetwork] = useState<NetworkState | null>(null)
  const [notice, setNotice] = useState('')
  const emit = useChannel({
    [networkMessage.state]: (state: NetworkState | null) => {
      setNetwork(state)
      if (state === null) setNotice('')
    },
    [networkMessage.wasCut]: (count: number) => setNotice(describeCut(count)),
  })
  useEffect(() => emit(networkMessage.ask), [emit])
  if (network === null) return <Panel>There is no chat here whose network could fail.</Panel>

  const { faults, connections } = network
  function change(faults: Partial<AgentFaults>): void {
    setNotice('')
    emit(networkMessage.change, faults)
  }

  return (
    <Panel>
      <Row>
        <Button ariaLabel={false} onClick={() => emit(networkMessage.cut)}>
          Cut
        </Button>
        <span>Breaks the connection, once.</span>
      </Row>
      <Row>
        <ToggleButton ariaLabel={false} pressed={faults.stalled} onClick={() => change({ stalled: !faults.stalled })}>
          Stall
        </ToggleButton>
        <span>Nothing comes and nothing breaks. After a while the chat takes it for broken.</span>
      </Row>
      <Row>
        <ToggleButton ariaLabel={false} pressed={faults.delayMs > 0} onClick={() => change({ delayMs: faults.delayMs > 0 ? 0 : slowMs })}>
          Slow
        </ToggleButton>
        <span>Everything takes {slowMs / 1_000} seconds.</span>
      </Row>
      <Row>
        <ToggleButton ariaLabel={false} pressed={faults.offline} onClick={() => change({ offline: !faults.offline })}>
          Offline
        </ToggleButton>
        <span>No network until it is pressed again, also if the page is reloaded. The agent works on.</span>
      </Row>
      <p role="status">
        {notice} {describeNetwork(faults)}
      </p>
      {/* Not announced: it changes with each try. */}
      <p>{connections === 0 ? 'No connection is open.' : connections === 1 ? 'One connection is open.' : `${connections} connections are open.`}</p>
    </Panel>
  )
}

function describeCut(count: number): string {
  return count === 0 ? 'There was no connection to cut.' : 'The connection was cut.'
}

function describeNetwork({ offline, stalled, delayMs }: AgentFaults): string {
  if (offline) return 'The chat is offline.'
  if (stalled) return 'The network is stalled.'
  return delayMs > 0 ? 'The network is slow.' : 'The network works.'
}

const Panel = styled.section({
  display: 'flex',
  flexDirection: 'column',
  gap: 10,
  padding: 15,
  lineHeight: 1.5,
  p: { margin: 0 },
})

const Row = styled.div({
  display: 'grid',
  gridTemplateColumns: '5.5rem minmax(0, 1fr)',
  gap: 12,
  alignItems: 'center',
})
