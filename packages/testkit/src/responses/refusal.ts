import { type ScriptedRefusal } from './script.ts'

/** What a request is refused with. */
export class Refusal extends Error {
  readonly status: number
  readonly options: Partial<ScriptedRefusal>

  constructor(status: number, message: string, options: Partial<ScriptedRefusal> = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.options = options
  }
}

export function refusalAnswer({ status, message, options }: Refusal): Response {
  const { type = status >= 500 ? 'server_error' : 'invalid_request_error', param = null, code = null } = options
  const response = Response.json({ error: { message, type, param, code } }, { status })
  if (options.retryAfter !== undefined) response.headers.set('retry-after', String(options.retryAfter))
  return response
}

export function unknownId(id: string): Refusal {
  return new Refusal(404, `Response with id '${id}' not found.`)
}
