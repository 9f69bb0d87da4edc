'use client'

import { type ToolPart } from '@rejoin/core'
import { useContext } from 'react'
import { describeTool } from '../words.ts'
import { LiveContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { Value } from './Value.tsx'

/** What `Chat.Tool` takes beside native props. */
export interface ToolOwnProps {
  part: ToolPart
  children?: never
}

/** The use of a tool: its name, how far it is, and what went in and came out, each behind a summary. */
export const Tool: Part<HTMLDivElement, PartProps<'div', ToolOwnProps>> = part(
  'Chat.Tool',
  ({ part: tool, children: _none, ...rest }, ref) => {
    const live = useContext(LiveContext)
    return (
      <div
        {...rest}
        ref={ref}
        data-chat-part="tool"
        data-tool-name={tool.name}
        data-tool-state={tool.state}
        data-error-code={tool.errorCode}
      >
        <code data-tool="name">{tool.name}</code> <span data-tool="state">{describeTool(tool, live)}</span>
        {tool.input !== undefined && <Value label="Input" value={tool.input} data-tool="input" />}
        {tool.output !== undefined && <Value label="Output" value={tool.output} data-tool="output" />}
      </div>
    )
  },
)
