import { type ApiObject } from '../apiObject.ts'
import { type ItemWriter, type OutputItem } from '../itemWriter.ts'
import { type ScriptedReasoning } from '../script.ts'

export function writeReasoning(write: ItemWriter, { summary = [], text }: ScriptedReasoning): OutputItem {
  const parts: ApiObject[] = []
  write.added({ type: 'reasoning', summary: [] })

  for (const [summary_index, scripted] of summary.entries()) {
    const at = { summary_index }
    write.event('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } })
    const whole = write.text(scripted, 'response.reasoning_summary_text.delta', at)
    if (text === undefined && summary_index === summary.length - 1) write.ending()
    const part = { type: 'summary_text', text: whole }
    write.event('response.reasoning_summary_text.done', { ...at, text: whole })
    write.event('response.reasoning_summary_part.done', { ...at, part })
    parts.push(part)
  }

  if (text === undefined) {
    write.ending()
    return write.done({ type: 'reasoning', summary: parts })
  }
  const at = { content_index: 0 }
  write.event('response.content_part.added', { ...at, part: { type: 'reasoning_text', text: '' } })
  const part = { type: 'reasoning_text', text: write.text(text, 'response.reasoning_text.delta', at) }
  write.ending()
  write.event('response.reasoning_text.done', { ...at, text: part.text })
  write.event('response.content_part.done', { ...at, part })
  return write.done({ type: 'reasoning', summary: parts, content: [part] })
}
