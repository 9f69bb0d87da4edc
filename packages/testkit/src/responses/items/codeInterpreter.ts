import { type ItemWriter, type OutputItem } from '../itemWriter.ts'
import { type ScriptedCodeInterpreter } from '../script.ts'

export function writeCodeInterpreter(write: ItemWriter, { code, logs }: ScriptedCodeInterpreter): OutputItem {
  const fixed = { type: 'code_interpreter_call', container_id: write.id.replace(/^ci_/, 'cntr_') }
  write.added({ ...fixed, status: 'in_progress', code: '', outputs: null })
  write.event('response.code_interpreter_call.in_progress')
  const whole = write.text(code, 'response.code_interpreter_call_code.delta')
  write.event('response.code_interpreter_call_code.done', { code: whole })
  write.event('response.code_interpreter_call.interpreting')
  write.ending()
  write.event('response.code_interpreter_call.completed')
  const outputs = logs === undefined ? null : [{ type: 'logs', logs }]
  return write.done({ ...fixed, status: write.status, code: whole, outputs })
}
