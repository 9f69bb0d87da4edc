/** A request's id: the run that asks, and a name within that. Runs' ids hold no dots. */
export function requestIdOf(runId: string, name: string): string {
  return `${runId}.${name}`
}

/** The run that has asked; `null` where it is no id of ours. Whose run that is it does not say. */
export function askingRun(requestId: string): string | null {
  const at = requestId.indexOf('.')
  return at === -1 ? null : requestId.slice(0, at)
}

/** The name of a request within its run. */
export function requestName(requestId: string): string {
  return requestId.slice(requestId.indexOf('.') + 1)
}
