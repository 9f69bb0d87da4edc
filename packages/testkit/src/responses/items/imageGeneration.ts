import { type ItemWriter, type OutputItem } from '../itemWriter.ts'
import { type ScriptedImageGeneration } from '../script.ts'

export function writeImageGeneration(write: ItemWriter, { image, partial = [] }: ScriptedImageGeneration): OutputItem {
  const type = 'image_generation_call'
  write.added({ type, status: 'in_progress', result: null })
  write.event('response.image_generation_call.in_progress')
  write.event('response.image_generation_call.generating')
  for (const [partial_image_index, partial_image_b64] of partial.entries()) {
    write.event('response.image_generation_call.partial_image', { partial_image_index, partial_image_b64 })
  }
  write.ending()
  write.event('response.image_generation_call.completed')
  return write.done({ type, status: write.status === 'completed' ? 'completed' : 'failed', result: image })
}
