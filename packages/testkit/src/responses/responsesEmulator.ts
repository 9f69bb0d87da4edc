import { noteRequest, type EmulatedRequest, type RequestNote } from './emulatedRequest.ts'
import { createEndpoints } from './endpoints.ts'
import { type ResponsesEmulatorOptions } from './options.ts'
import { Refusal, refusalAnswer } from './refusal.ts'
import { type ResponsesRequest } from './request.ts'
import { type ResponseStatus } from './responseObject.ts'
import { routeOf } from './route.ts'
import { newId, type Run } from './run.ts'

/** A response that was created, as it is by now. */
export interface EmulatedResponse {
  readonly id: string
  readonly request: ResponsesRequest
  readonly status: ResponseStatus
  /** How many events there are. */
  readonly events: number
}

/** A server of the Responses API, and what it was asked. */
export interface ResponsesEmulator {
  /** Serves `{base}/responses` for every base that ends in `/v1`, or in `/openai` with an `api-version`. */
  readonly handler: (request: Request) => Promise<Response>
  /** In the order they were created. */
  readonly responses: readonly EmulatedResponse[]
  readonly requests: readonly EmulatedRequest[]
}

/**
 * A server of the OpenAI Responses API that plays scripts.
 *
 * Where a response is follows from the script, the moment it was created and the clock alone: it goes on
 * while nobody is connected, and on fake time too. For failing requests put a `faultyFetch` before it.
 */
export function responsesEmulator(options: ResponsesEmulatorOptions): ResponsesEmulator {
  const runs = new Map<string, Run>()
  const requests: RequestNote[] = []
  const endpoints = createEndpoints(runs, options)

  function authorise({ headers }: Request): void {
    const { apiKey } = options
    if (apiKey === undefined) return
    const bearer = headers.get('authorization')?.replace(/^Bearer /i, '')
    if (bearer === apiKey || headers.get('api-key') === apiKey) return
    throw new Refusal(401, 'Incorrect API key provided.', { code: 'invalid_api_key' })
  }

  async function answerTo(request: Request, url: URL, note: RequestNote): Promise<Response> {
    authorise(request)
    const route = routeOf(request.method, url)
    if (route.type === 'create') return await endpoints.create(await request.text(), note, request.signal)
    note.responseId = route.id
    if (route.type === 'cancel') return endpoints.cancel(route.id)
    const streams = url.searchParams.get('stream') === 'true'
    return streams ? endpoints.resume(route.id, note, request.signal) : endpoints.poll(route.id)
  }

  return {
    async handler(request) {
      const url = new URL(request.url)
      const note = noteRequest(request, url)
      requests.push(note)
      const response = await answerTo(request, url, note).catch((error: unknown) => {
        if (error instanceof Refusal) return refusalAnswer(error)
        throw error
      })
      response.headers.set('x-request-id', newId('req_'))
      note.status = response.status
      return response
    },
    get responses() {
      return [...runs.values()].map((run) => ({
        id: run.id,
        request: run.request,
        status: run.status(),
        events: run.events(),
      }))
    },
    requests,
  }
}
