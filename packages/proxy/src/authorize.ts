/** Whose request it is, or `null` where the page is open to everybody. */
export type Authorization = { readonly user: string | null | undefined } | null

/** Says whose request it is. `{ user }`, or `null` for everybody; an empty user or a throw is nobody. */
export type Authorize = (request: Request) => Authorization | Promise<Authorization>

export type AuthorizeResult = { readonly ok: true; readonly user: string | null } | { readonly ok: false }

/** Only a bare `null` opens a page: an empty user, nothing at all or a throw is nobody. */
export async function callerOf(
  request: Request,
  authorize: Authorize,
  report: (error: unknown) => void,
): Promise<AuthorizeResult> {
  try {
    const authorization = await authorize(request)
    if (authorization === null) return { ok: true, user: null }
    const user = authorization?.user
    return typeof user === 'string' && user !== '' ? { ok: true, user } : { ok: false }
  } catch (error) {
    report(error)
    return { ok: false }
  }
}
