import { type ApiEvent } from './apiObject.ts'
import { type LogWriter } from './log.ts'
import { type ResponsesInterlude, type ScriptedStreamError } from './script.ts'

export function writeInterlude(log: LogWriter, interlude: ResponsesInterlude): void {
  if ('wait' in interlude) log.wait(interlude.wait)
  else if ('cut' in interlude) log.mark('cut')
  else if ('endOfStream' in interlude) log.mark('endOfStream')
  else if ('error' in interlude) log.error(errorEvent(interlude.error))
  else if ('keepalive' in interlude) log.event({ type: 'keepalive' })
  else if ('comment' in interlude) log.comment(interlude.comment)
  else log.event(interlude.event)
}

function errorEvent({ code, message, shape = 'flat' }: ScriptedStreamError): ApiEvent {
  if (shape === 'flat') return { type: 'error', code, message, param: null }
  return { type: 'error', error: { type: 'server_error', code, message, param: null } }
}
