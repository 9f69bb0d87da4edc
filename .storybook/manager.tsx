/** @jsxRuntime classic */
// Storybook brings a React of its own for its manager, which is older than ours and has no jsx-runtime there.
import * as React from 'react'
import { AddonPanel } from 'storybook/internal/components'
import { addons, types } from 'storybook/manager-api'
import { NetworkPanel } from './NetworkPanel.tsx'

const panel = 'rejoin/network/panel'

addons.register('rejoin/network', () => {
  addons.add(panel, {
    type: types.PANEL,
    title: 'Network',
    render: ({ active = false }) => (
      <AddonPanel active={active}>
        <NetworkPanel />
      </AddonPanel>
    ),
  })
})

addons.setConfig({ layout: { navSize: 220, panelPosition: 'right', rightPanelWidth: 530 }, selectedPanel: panel })
