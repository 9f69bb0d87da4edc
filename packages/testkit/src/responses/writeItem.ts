import { writeCodeInterpreter } from './items/codeInterpreter.ts'
import { writeFunctionCall } from './items/functionCall.ts'
import { writeImageGeneration } from './items/imageGeneration.ts'
import { writeMcpApproval, writeMcpCall, writeMcpListTools } from './items/mcp.ts'
import { writeMessage } from './items/message.ts'
import { writeReasoning } from './items/reasoning.ts'
import { writeFileSearch, writeWebSearch } from './items/searches.ts'
import { createItemWriter, type ItemEnd, type ItemWriter, type OutputItem } from './itemWriter.ts'
import { type LogWriter } from './log.ts'
import { type ScriptedItem, type ScriptedOtherItem } from './script.ts'

export interface ItemPlace {
  /** What the ids of the response's items have in common. */
  suffix: string
  index: number
  end: ItemEnd
}

/** Writes all events of one item, and gives the item as it is in the end. */
export function writeItem(log: LogWriter, item: ScriptedItem, { suffix, index, end }: ItemPlace): OutputItem {
  const id = `${prefixes[item.type]}_${suffix}${index.toString(16).padStart(4, '0')}`
  return write(createItemWriter(log, { id, index, end }), item)
}

/** As in the ids of the real ones. */
const prefixes: Record<ScriptedItem['type'], string> = {
  message: 'msg',
  reasoning: 'rs',
  functionCall: 'fc',
  webSearch: 'ws',
  fileSearch: 'fs',
  codeInterpreter: 'ci',
  imageGeneration: 'ig',
  mcpListTools: 'mcpl',
  mcpCall: 'mcp',
  mcpApprovalRequest: 'mcpr',
  other: 'item',
}

function write(writer: ItemWriter, item: ScriptedItem): OutputItem {
  switch (item.type) {
    case 'message':
      return writeMessage(writer, item)
    case 'reasoning':
      return writeReasoning(writer, item)
    case 'functionCall':
      return writeFunctionCall(writer, item)
    case 'webSearch':
      return writeWebSearch(writer, item)
    case 'fileSearch':
      return writeFileSearch(writer, item)
    case 'codeInterpreter':
      return writeCodeInterpreter(writer, item)
    case 'imageGeneration':
      return writeImageGeneration(writer, item)
    case 'mcpListTools':
      return writeMcpListTools(writer, item)
    case 'mcpCall':
      return writeMcpCall(writer, item)
    case 'mcpApprovalRequest':
      return writeMcpApproval(writer, item)
    case 'other':
      return writeOther(writer, item)
  }
}

function writeOther(writer: ItemWriter, { item }: ScriptedOtherItem): OutputItem {
  writer.added(item)
  writer.ending()
  return writer.done(item)
}
