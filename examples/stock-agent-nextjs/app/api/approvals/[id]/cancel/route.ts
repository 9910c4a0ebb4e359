import { stockApp } from '../../../../../src/app.ts'
import { isFromApp } from '../../../../../src/same-site.ts'

/** Cancels an unanswered question of the user. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { guard, settings, whoIs } = stockApp()
  if (!isFromApp(request, settings.origin)) return Response.json({ error: 'other_site' }, { status: 403 })
  const { identity } = await whoIs(request)
  if (identity === undefined) return Response.json({ error: 'login_required' }, { status: 401 })
  const view = await guard.approvals.cancel((await params).id, { identity })
  return view === undefined
    ? Response.json({ error: 'not_found' }, { status: 404 })
    : Response.json({ state: view.state })
}
