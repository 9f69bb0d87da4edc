import { type ItemWriter, type OutputItem } from '../itemWriter.ts'
import { type ScriptedFunctionCall } from '../script.ts'

export function writeFunctionCall(write: ItemWriter, call: ScriptedFunctionCall): OutputItem {
  const call_id = call.callId ?? write.id.replace(/^fc_/, 'call_')
  const fixed = { type: 'function_call', call_id, name: call.name }
  write.added({ ...fixed, status: 'in_progress', arguments: '' })
  const whole = write.text(call.arguments, 'response.function_call_arguments.delta')
  write.ending()
  write.event('response.function_call_arguments.done', { arguments: whole })
  return write.done({ ...fixed, status: write.status, arguments: whole })
}
