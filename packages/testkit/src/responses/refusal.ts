export interface RefusalOptions {
  /** The parameter that is wrong. */
  param?: string
  code?: string
}

/** What a request is refused with. */
export class Refusal extends Error {
  readonly status: number
  readonly param: string | null
  readonly code: string | null

  constructor(status: number, message: string, { param, code }: RefusalOptions = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.param = param ?? null
    this.code = code ?? null
  }
}

export function refusalAnswer({ status, message, param, code }: Refusal): Response {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error'
  return Response.json({ error: { message, type, param, code } }, { status })
}

export function unknownId(id: string): Refusal {
  return new Refusal(404, `Response with id '${id}' not found.`)
}
