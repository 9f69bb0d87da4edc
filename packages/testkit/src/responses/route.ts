import { Refusal } from './refusal.ts'

export type Route = { readonly type: 'create' } | { readonly type: 'get' | 'cancel'; readonly id: string }

const pattern = /\/(v1|openai)\/responses(?:\/([^/]+)(\/cancel)?)?$/

/** @throws Refusal for what isn't there */
export function routeOf(method: string, { pathname, searchParams }: URL): Route {
  const [found, base, id, cancel] = pattern.exec(pathname) ?? []
  if (found !== undefined && (base === 'v1' || searchParams.has('api-version'))) {
    if (id === undefined && method === 'POST') return { type: 'create' }
    if (id !== undefined && cancel === undefined && method === 'GET') return { type: 'get', id: decodeURIComponent(id) }
    if (id !== undefined && cancel !== undefined && method === 'POST') return { type: 'cancel', id: decodeURIComponent(id) }
  }
  throw new Refusal(404, `Invalid URL (${method} ${pathname})`)
}
