import { memoryRunStore, RejoinError, soloTabs, type FilePart } from '@rejoin/core'
import { cleanup, createEvent, fireEvent, screen } from '@testing-library/react'
import { type ReactNode } from 'react'
import { afterEach, describe, expect, it } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider, Chat } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { manualUpload, type ManualUpload } from './support/manualUpload.ts'
import { renderChat, type ChatPage, type ChatPageOptions } from './support/renderChat.tsx'

afterEach(cleanup)

const csv = new File(['week,sum'], 'sales.csv', { type: 'text/csv' })
const png = new File(['picture'], 'chart.png', { type: 'image/png' })

interface UploadPage extends ChatPage {
  uploads: ManualUpload
  choose(...files: File[]): Promise<void>
  files(): string[]
  notes(): string[]
}

async function renderWithUpload(children?: ReactNode, options: ChatPageOptions = {}): Promise<UploadPage> {
  const uploads = manualUpload()
  const page = await renderChat(children, { upload: uploads.upload, ...options })
  return {
    ...page,
    uploads,
    choose: (...files) => page.user.upload(screen.getByLabelText('Files to attach'), files),
    files: () => screen.queryAllByRole('listitem').map((item) => `${item.querySelector('span')?.textContent}: ${item.dataset['attachmentState']}`),
    notes: () => [...(screen.queryByRole('alert')?.children ?? [])].map(({ textContent }) => textContent),
  }
}

const sentFiles = ({ agent }: ChatPage): FilePart[] => agent.latest.asked.filter((part) => part.type === 'file')

/** The document here gives its drag events no other element. */
function leave(from: HTMLElement, to: HTMLElement): void {
  fireEvent(from, Object.defineProperty(createEvent.dragLeave(from), 'relatedTarget', { value: to }))
}

describe('files that go with a message', () => {
  it('can not be attached where the app has given no upload', async () => {
    const { parts } = await renderChat()
    expect([...parts('attach'), ...parts('attachments')]).toEqual([])
    const drop = createEvent.drop(screen.getByRole('textbox'), { dataTransfer: { files: [csv], types: ['Files'] } })
    fireEvent(screen.getByRole('textbox'), drop)
    expect(drop.defaultPrevented).toBe(false)
  })

  it('are uploaded when they are chosen, and go on as addresses', async () => {
    const page = await renderWithUpload()
    await page.choose(csv)
    expect(page.uploads.latest.file).toBe(csv)
    expect(page.files()).toEqual(['sales.csv: uploading'])
    await page.uploads.latest.done()
    expect(page.files()).toEqual(['sales.csv: done'])
    await page.ask('What is in it?')
    expect(page.agent.latest.asked[0]).toEqual({ type: 'text', text: 'What is in it?' })
    expect(sentFiles(page)).toMatchObject([{ type: 'file', url: '/files/sales.csv', mediaType: 'text/csv', filename: 'sales.csv' }])
    expect(page.files()).toEqual([])
    expect(screen.getByRole('link', { name: 'sales.csv' }).getAttribute('href')).toBe('/files/sales.csv')
  })

  it('may be all there is to a message', async () => {
    const page = await renderWithUpload()
    await page.choose(csv)
    await page.uploads.latest.done({ url: 'https://files.example/1', mediaType: 'text/plain', filename: '1' })
    await page.user.click(page.part('send'))
    await frame()
    expect(page.agent.latest.asked.map(({ type }) => type)).toEqual(['file'])
    expect(sentFiles(page)).toMatchObject([{ type: 'file', url: 'https://files.example/1', mediaType: 'text/plain', filename: '1' }])
  })

  it('show how far they are, once that is known', async () => {
    const { choose, uploads } = await renderWithUpload()
    await choose(csv)
    const bar = screen.getByRole('progressbar', { name: 'Upload of sales.csv' })
    expect(bar.hasAttribute('value')).toBe(false)
    uploads.latest.progress(0.25)
    expect(bar).toHaveProperty('value', 0.25)
    uploads.latest.progress(7)
    expect(bar).toHaveProperty('value', 1)
    await uploads.latest.done()
    uploads.latest.progress(0.5)
    expect(screen.queryByRole('progressbar')).toBeNull()
  })

  it('are not sent before they are there: the press says so, and nothing is lost', async () => {
    const page = await renderWithUpload()
    await page.choose(csv)
    await page.ask('What is in it?')
    expect(page.agent.runs).toHaveLength(0)
    expect(page.notes()).toEqual(['Files are still being uploaded, so nothing was sent. Send again when they are there.'])
    expect(page.part('input')).toHaveProperty('value', 'What is in it?')
    await page.uploads.latest.done()
    expect(page.notes()).toEqual([])
    await page.user.type(page.part('input'), '{Enter}')
    await frame()
    expect(sentFiles(page)).toHaveLength(1)
  })

  it('that fail can be tried again, and what the upload has thrown is not shown', async () => {
    const page = await renderWithUpload()
    await page.choose(csv)
    await page.uploads.latest.fail()
    expect(page.files()).toEqual(['sales.csv: failed'])
    expect(page.notes()).toEqual(['sales.csv could not be uploaded. Try again, or remove it.'])
    expect(page.container.textContent).not.toContain('Ada')
    await page.ask('Go')
    expect(page.agent.runs).toHaveLength(0)
    await page.user.click(screen.getByRole('button', { name: 'Try again: sales.csv' }))
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Remove sales.csv' }))
    expect(page.notes()).toEqual([])
    await page.uploads.latest.done()
    expect([page.uploads.calls.length, page.files()]).toEqual([2, ['sales.csv: done']])
  })

  it('that are removed are uploaded no further', async () => {
    const { choose, files, part, uploads, user } = await renderWithUpload()
    await choose(csv, png)
    await user.click(screen.getByRole('button', { name: 'Remove sales.csv' }))
    expect(uploads.calls.map(({ signal }) => signal.aborted)).toEqual([true, false])
    expect(files()).toEqual(['chart.png: uploading'])
    expect(document.activeElement).toBe(part('input'))
  })

  it.each(['data:text/csv,week', 'blob:https://app.example/1', '//elsewhere.example/1', 'javascript:alert(1)'])(
    'never go on as %s',
    async (url) => {
      const page = await renderWithUpload()
      await page.choose(csv)
      await page.uploads.latest.done({ url })
      expect(page.notes()).toEqual(['sales.csv has got no web address from the app, so it can not be sent. Remove it.'])
      await page.ask('Go')
      expect(page.agent.runs).toHaveLength(0)
    },
  )

  it('can be dropped on the composer, which shows where', async () => {
    const { files, part } = await renderWithUpload()
    const dataTransfer = { files: [csv, png], types: ['Files'] }
    const over = createEvent.dragOver(part('input'), { dataTransfer })
    fireEvent(part('input'), over)
    expect(over.defaultPrevented).toBe(true)
    expect(part('composer').dataset['dragging']).toBe('true')
    leave(part('composer'), part('input'))
    expect(part('composer').dataset['dragging']).toBe('true')
    leave(part('composer'), document.body)
    expect(part('composer').dataset['dragging']).toBeUndefined()
    fireEvent.drop(part('input'), { dataTransfer })
    expect(files()).toEqual(['sales.csv: uploading', 'chart.png: uploading'])
  })

  it('can be pasted, and pasted text is left to the browser', async () => {
    const { files, part } = await renderWithUpload()
    fireEvent.paste(part('input'), { clipboardData: { files: [png], types: ['text/plain', 'Files'] } })
    expect(files()).toEqual([])
    fireEvent.paste(part('input'), { clipboardData: { files: [png], types: ['Files'] } })
    expect(files()).toEqual(['chart.png: uploading'])
  })

  it('have limits, and say which one', async () => {
    const page = await renderWithUpload(<BackgroundAgentChat session="s" fileLimits={{ accept: 'image/*, .CSV', maxFiles: 2, maxBytes: 1_500 }} />)
    fireEvent.drop(page.part('composer'), {
      dataTransfer: {
        types: ['Files'],
        files: [csv, png, new File(['x'], 'run.exe'), new File(['x'.repeat(1_501)], 'long.csv'), new File([], 'more.png', { type: 'image/png' })],
      },
    })
    expect(page.files()).toEqual(['sales.csv: uploading', 'chart.png: uploading'])
    expect(page.notes()).toEqual([
      'Not attached: run.exe. Files of this kind can not be sent here.',
      'Not attached: long.csv. A file can have up to 1 kB.',
      'Not attached: more.png. A message can have up to 2 files.',
    ])
    await page.user.type(page.part('input'), 'W')
    expect(page.notes()).toEqual([])
  })

  it('are ten of 25 MB each where no limits are given', async () => {
    const { choose, notes, uploads } = await renderWithUpload()
    const large = new File([], 'film.mp4')
    Object.defineProperty(large, 'size', { value: 25_000_001 })
    await choose(large, ...Array.from({ length: 11 }, (_, at) => new File([], `${at}.txt`)))
    expect(uploads.calls).toHaveLength(10)
    expect(notes()).toEqual(['Not attached: film.mp4. A file can have up to 25 MB.', 'Not attached: 10.txt. A message can have up to 10 files.'])
  })

  it('come back with the words where the server refuses the message', async () => {
    const page = await renderWithUpload()
    await page.choose(csv)
    await page.uploads.latest.done()
    page.agent.refuse(new RejoinError('too_large'))
    await page.ask('What is in it?')
    await frame()
    expect(page.part('input')).toHaveProperty('value', 'What is in it?')
    expect(page.files()).toEqual(['sales.csv: done'])
  })

  it('stay with their session while another one is shown, and go on', async () => {
    const page = await renderWithUpload(<BackgroundAgentChat session="a" />)
    await page.choose(csv)
    page.rerender(<BackgroundAgentChat session="b" />)
    await frame()
    expect(page.files()).toEqual([])
    expect(page.uploads.latest.signal.aborted).toBe(false)
    await page.ask('In B')
    expect(sentFiles(page)).toEqual([])
    await page.uploads.latest.done()
    page.rerender(<BackgroundAgentChat session="a" />)
    await frame()
    expect(page.files()).toEqual(['sales.csv: done'])
  })

  it('are one user’s: with the next one they are given up, and not seen', async () => {
    const uploads = manualUpload()
    const agent = manualAgent()
    const as = (user: string): ReactNode => (
      <BackgroundAgentProvider agent={agent} user={user} store={memoryRunStore()} tabs={soloTabs()} upload={uploads.upload}>
        <BackgroundAgentChat session="s" />
      </BackgroundAgentProvider>
    )
    const page = await renderWithUpload(as('ada'))
    await page.choose(csv)
    page.rerender(as('bob'))
    await frame()
    expect([page.files(), uploads.latest.signal.aborted]).toEqual([[], true])
  })

  it('are given up with the composer', async () => {
    const page = await renderWithUpload(undefined, { strict: true })
    await page.choose(csv)
    page.rerender(<p>Another page</p>)
    await frame()
    expect(page.uploads.latest.signal.aborted).toBe(true)
  })

  it('are uploaded by the chat’s own upload where it has one', async () => {
    const own = manualUpload()
    const page = await renderWithUpload(<BackgroundAgentChat session="s" upload={own.upload} />)
    await page.choose(csv)
    expect([own.calls.length, page.uploads.calls.length]).toEqual([1, 0])
  })

  it('go with the answer to a question, and with the last of several', async () => {
    const page = await renderWithUpload()
    await page.ask('How?')
    page.agent.latest.ask(
      { type: 'request', kind: 'input', id: 'a', prompt: 'Which region?' },
      { type: 'request', kind: 'input', id: 'b', prompt: 'Which file?' },
    )
    await frame()
    await page.choose(csv)
    await page.ask('The west')
    expect(page.files()).toEqual(['sales.csv: uploading'])
    await page.uploads.latest.done()
    await page.ask('This')
    expect(page.agent.latest.asked.map(({ type }) => type)).toEqual(['answer', 'answer', 'file'])
    expect(page.files()).toEqual([])
  })
})

describe('Chat.Attach', () => {
  it('opens the dialog of its hidden input, which takes what the composer takes', async () => {
    const page = await renderWithUpload(
      <Chat.Root session="s">
        <Chat.Composer fileLimits={{ accept: '.pdf', maxFiles: 1 }}>
          <Chat.Attach>Add a PDF</Chat.Attach>
        </Chat.Composer>
      </Chat.Root>,
    )
    const input = screen.getByLabelText<HTMLInputElement>('Files to attach')
    let opened = 0
    input.addEventListener('click', () => (opened += 1))
    await page.user.click(screen.getByRole('button', { name: 'Add a PDF' }))
    expect([opened, input.accept, input.multiple, input.hidden]).toEqual([1, '.pdf', false, true])
  })
})
