import { type ApiObject } from '../apiObject.ts'
import { type ItemWriter, type OutputItem } from '../itemWriter.ts'
import { type ScriptedCitation, type ScriptedMessage } from '../script.ts'

export function writeMessage(write: ItemWriter, message: ScriptedMessage): OutputItem {
  const { refusal, citations = [] } = message
  const text = message.text ?? (refusal === undefined ? '' : null)
  const fixed = { type: 'message', role: 'assistant', ...(message.phase && { phase: message.phase }) }
  const content: ApiObject[] = []
  write.added({ ...fixed, status: 'in_progress', content: [] })

  if (text !== null) {
    const at = { content_index: content.length }
    const none = { type: 'output_text', text: '', annotations: [], logprobs: [] }
    write.event('response.content_part.added', { ...at, part: none })
    const whole = write.text(text, 'response.output_text.delta', { ...at, logprobs: [] })
    const annotations = citations.map((citation) => annotationOf(citation, whole))
    for (const [annotation_index, annotation] of annotations.entries()) {
      write.event('response.output_text.annotation.added', { ...at, annotation_index, annotation })
    }
    const part = { ...none, text: whole, annotations }
    if (refusal === undefined) write.ending()
    write.event('response.output_text.done', { ...at, text: whole, logprobs: [] })
    write.event('response.content_part.done', { ...at, part })
    content.push(part)
  }

  if (refusal !== undefined) {
    const at = { content_index: content.length }
    write.event('response.content_part.added', { ...at, part: { type: 'refusal', refusal: '' } })
    const part = { type: 'refusal', refusal: write.text(refusal, 'response.refusal.delta', at) }
    write.ending()
    write.event('response.refusal.done', { ...at, refusal: part.refusal })
    write.event('response.content_part.done', { ...at, part })
    content.push(part)
  }

  return write.done({ ...fixed, status: write.status, content })
}

function annotationOf({ url, title, start = 0, end }: ScriptedCitation, text: string): ApiObject {
  return { type: 'url_citation', url, title, start_index: start, end_index: end ?? text.length }
}
