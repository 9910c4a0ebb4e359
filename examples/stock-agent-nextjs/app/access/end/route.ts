import { stockApp } from '../../../src/app.ts'
import { isPageOf, loginRequired } from '../../../src/is-page-of.ts'
import { isFromApp } from '../../../src/same-site.ts'

/** Revokes all access that a user gave the agent. */
export async function POST(request: Request): Promise<Response> {
  const { endAccess, login, settings, whoIs } = stockApp()
  if (!isFromApp(request, settings.origin)) return Response.json({ error: 'other_site' }, { status: 403 })
  const { identity } = await whoIs(request)
  if (identity === undefined) return login.out(request)
  if (!isPageOf(identity, request)) return loginRequired()
  await endAccess(identity)
  return login.ended(request)
}
