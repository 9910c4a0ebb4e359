import type { UserIdentity } from '@behalf/core'

/**
 * Returns whether a request comes from a page that was made for the signed-in user: pages name their user in `?user=`.
 * A click in Ann's page has no effect for a user who logged in later in the same browser.
 */
export const isPageOf = (identity: UserIdentity | undefined, { url }: Pick<Request, 'url'>): identity is UserIdentity =>
  identity !== undefined && new URL(url).searchParams.get('user') === identity.subject

export const loginRequired = (): Response =>
  Response.json({ error: 'login_required' }, { status: 401, headers: { 'cache-control': 'no-store' } })
