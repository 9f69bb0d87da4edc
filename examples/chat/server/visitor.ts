import { randomUUID } from 'node:crypto'

/** Stands in for a sign-in: each browser is a caller of its own, by a cookie that scripts can not read. */
const cookieName = 'visitor'

export function visitorOf(cookies: string | null | undefined): string | null {
  const pairs = (cookies ?? '').split(';').map((pair) => pair.trim().split('='))
  const value = pairs.find(([name]) => name === cookieName)?.[1]
  return value !== undefined && /^[\w-]{36}$/.test(value) ? value : null
}

export function newVisitorCookie(): string {
  return `${cookieName}=${randomUUID()}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000`
}
