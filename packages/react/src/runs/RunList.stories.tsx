import type { Meta, StoryObj } from '@storybook/react-vite'
import { useEffect, type ReactNode } from 'react'
import { expect, waitFor } from 'storybook/test'
import { chat } from '../../../../.storybook/chat.ts'
import { forever } from '../../../../.storybook/scripts.ts'
import { useBackgroundAgent } from '../index.ts'
import { RunList, useRuns } from '../runs.ts'

const meta: Meta = { title: 'RunList', component: RunList }
export default meta

const answered = 'How did March go?'
const waiting = 'Compare it to the forecast of every region, and say where the two are far from each other.'
const working = 'How did April go?'

/** Three chats that are on no page. A click marks what is new in one of them as seen, as showing the chat would. */
export const Overview: StoryObj = {
  parameters: chat({
    root: false,
    ask: null,
    width: '30rem',
    paceMs: 200,
    script(question) {
      if (question === answered) return { steps: ['Up by four in a hundred.'] }
      if (question === waiting) return { steps: [{ ask: { type: 'request', kind: 'input', id: 'region', prompt: 'Which regions?' } }] }
      return { steps: ['So far', forever] }
    },
  }),
  render: () => <Overviewed />,
  async play({ canvas, userEvent }) {
    const item = await canvas.findByRole('button', { name: `${answered} New: answered` })
    await expect(await canvas.findByRole('button', { name: `${waiting} New: the agent has a question` })).toBeVisible()
    await expect(canvas.getByRole('button', { name: `${working} working` })).toBeVisible()
    await userEvent.click(item)
    await waitFor(() => expect(item).toHaveAccessibleName(`${answered} answered`))
  },
}

function Overviewed(): ReactNode {
  const { runs, markRead } = useRuns()
  const asked = new Set(runs.map(({ session }) => session))
  return (
    <>
      <RunList aria-label="Your questions" onOpen={({ id }) => markRead(id)} />
      {[working, waiting, answered].map((question) => !asked.has(question) && <Asked key={question} question={question} />)}
    </>
  )
}

/** A chat whose page is left as soon as its question is on its way. */
function Asked({ question }: { question: string }): ReactNode {
  const { run, sendMessage } = useBackgroundAgent({ session: question })
  useEffect(() => {
    if (run === null) void sendMessage(question)
  }, [run, question, sendMessage])
  return null
}
