import { stockApp } from '../../../src/app.ts'
import { isFromApp } from '../../../src/same-site.ts'

/** Takes back all that a user gave the agent. */
export async function POST(request: Request): Promise<Response> {
  const { endAccess, login, settings, whoIs } = stockApp()
  if (!isFromApp(request, settings.origin)) return Response.json({ error: 'other_site' }, { status: 403 })
  const { identity } = await whoIs(request)
  if (identity === undefined) return login.out(request)
  // As with accounts: a click in Ann's page takes nothing from who logged in after her.
  if (new URL(request.url).searchParams.get('user') !== identity.subject) {
    return Response.json({ error: 'login_required' }, { status: 401, headers: { 'cache-control': 'no-store' } })
  }
  await endAccess(identity)
  return login.out(request, '/?access=ended')
}
