import { RejoinError, type AnswerPart, type RequestPart } from '@rejoin/core'

/**
 * Whether answers are those to all that waits together: half of them would leave what else was asked to nobody.
 * @throws RejoinError `not_found` for an answer to what does not wait, `invalid_request` where one is missing, is there
 * twice, or is of another kind
 */
export function assertAnswered(requests: readonly Pick<RequestPart, 'id' | 'kind'>[], answers: readonly AnswerPart[]): void {
  for (const { request, kind } of answers) {
    const asked = requests.find(({ id }) => id === request)
    if (asked === undefined) throw new RejoinError('not_found')
    if (asked.kind !== kind) throw new RejoinError('invalid_request')
  }
  const answered = new Set(answers.map(({ request }) => request))
  if (answered.size < answers.length || answered.size < requests.length) throw new RejoinError('invalid_request')
}
