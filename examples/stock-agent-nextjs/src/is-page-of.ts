import type { UserIdentity } from '@behalf/core'

/**
 * Whether a request comes from a page that was made for who is signed in now: pages name their user in `?user=`. What Ann
 * clicks in a page of hers does nothing as the user who logged in after her in the same browser.
 */
export const isPageOf = (identity: UserIdentity | undefined, { url }: Pick<Request, 'url'>): identity is UserIdentity =>
  identity !== undefined && new URL(url).searchParams.get('user') === identity.subject

export const loginRequired = (): Response =>
  Response.json({ error: 'login_required' }, { status: 401, headers: { 'cache-control': 'no-store' } })
