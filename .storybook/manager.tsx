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

addons.setConfig({ panelPosition: 'right', selectedPanel: panel })
