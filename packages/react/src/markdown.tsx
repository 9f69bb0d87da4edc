'use client'

import { type ReactNode } from 'react'
import ReactMarkdown from 'react-markdown'
import remarkGfm from 'remark-gfm'

const plugins = [remarkGfm]

/**
 * Renders a block as GitHub-flavoured Markdown: `<Chat.Text renderBlock={markdownBlock}>`. Raw HTML in the
 * text is shown as text and unsafe links lose their address, so an answer can not bring scripts.
 *
 * Each block is a document of its own, and parsed once when it is finished. So a list with blank lines
 * between its items becomes several lists, and a reference link finds its address only in the same block.
 */
export function markdownBlock(block: string): ReactNode {
  return <ReactMarkdown remarkPlugins={plugins}>{block}</ReactMarkdown>
}
