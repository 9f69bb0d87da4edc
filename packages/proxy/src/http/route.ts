export type Route =
  | { readonly type: 'start' }
  | { readonly type: 'list' }
  | { readonly type: 'leg'; readonly runId: string }
  | { readonly type: 'cancel'; readonly runId: string }

export type RouteMatch =
  | { readonly ok: true; readonly route: Route }
  | { readonly ok: false; readonly allow: string | null }

/** What a run's id may look like: made by browsers, in URLs and in every key. */
export const runIdForm = '[A-Za-z0-9_-]{8,64}'

const runs = /^\/runs$/
const run = new RegExp(`^/runs/(${runIdForm})$`)
const cancel = new RegExp(`^/runs/(${runIdForm})/cancel$`)

/**
 * Finds the route at the end of a path, so that the handler works wherever it is mounted; with a
 * `basePath`, the path before it has to be that one. `allow` names the methods of a path that has others.
 */
export function matchRoute(method: string, pathname: string, basePath: string | undefined): RouteMatch {
  const path = routePath(pathname, basePath)
  if (runs.test(path)) {
    if (method === 'POST') return found({ type: 'start' })
    return method === 'GET' ? found({ type: 'list' }) : { ok: false, allow: 'GET, POST' }
  }
  const leg = run.exec(path)?.[1]
  if (leg !== undefined) return method === 'GET' ? found({ type: 'leg', runId: leg }) : { ok: false, allow: 'GET' }
  const stopped = cancel.exec(path)?.[1]
  if (stopped === undefined) return { ok: false, allow: null }
  return method === 'POST' ? found({ type: 'cancel', runId: stopped }) : { ok: false, allow: 'POST' }
}

function found(route: Route): RouteMatch {
  return { ok: true, route }
}

function routePath(pathname: string, basePath: string | undefined): string {
  const path = pathname.replace(/\/$/, '')
  if (basePath === undefined) {
    const segments = path.split('/')
    const length = segments.at(-1) === 'runs' ? 1 : segments.at(-1) === 'cancel' ? 3 : 2
    return `/${segments.slice(-length).join('/')}`
  }
  const base = `/${basePath.replace(/^\/+|\/+$/g, '')}`.replace(/^\/$/, '')
  return path.startsWith(`${base}/`) ? path.slice(base.length) : ''
}
