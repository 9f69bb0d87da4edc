'use client'

import { type ReactNode } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'

const plugins = [remarkGfm]

/** An image's address can carry what an agent was tricked into telling; only a person who follows it asks for it. */
const components: Components = {
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noopener noreferrer nofollow">
      {alt || 'Image'}
    </a>
  ),
}

/**
 * Renders a block as GitHub-flavoured Markdown: `<Chat.Text renderBlock={markdownBlock}>`. Raw HTML in the
 * text is shown as text and unsafe links lose their address, so an answer can not bring scripts. Images are
 * links, since loading one tells whoever wrote its address what stands in it.
 *
 * Each block is a document of its own, and parsed once when it is finished. So a list with blank lines
 * between its items becomes several lists, and a reference link finds its address only in the same block.
 */
export function markdownBlock(block: string): ReactNode {
  return <ReactMarkdown remarkPlugins={plugins} components={components}>{block}</ReactMarkdown>
}
