import { createRoot } from 'react-dom/client'
import { record } from './recorder.ts'
import { Rejoin } from './Rejoin.tsx'
import { UseChat, UseChatComingBack } from './UseChat.tsx'

// `?line=rejoin&question=…` shows one line's chat, with nothing asked yet.
const params = new URLSearchParams(location.search)
const question = params.get('question') ?? ''
const lines: Readonly<Record<string, typeof Rejoin>> = { rejoin: Rejoin, useChat: UseChat, useChatComingBack: UseChatComingBack }

const root = document.getElementById('app')
const Line = lines[params.get('line') ?? '']
if (root === null || Line === undefined) throw new Error('This page has no such line, or no element with the id "app".')
record(root)
createRoot(root).render(<Line question={question} />)
