import { stockApp } from '../../../src/app.ts'

export const GET = (request: Request) => stockApp().connections(request)

/** A form says whose page it is in: what Ann clicks links, and ends, nothing of who logged in after her. */
export async function POST(request: Request): Promise<Response> {
  const { connections, whoIs } = stockApp()
  const { identity } = await whoIs(request)
  if (identity === undefined || new URL(request.url).searchParams.get('user') !== identity.subject) {
    return Response.json({ error: 'login_required' }, { status: 401, headers: { 'cache-control': 'no-store' } })
  }
  return connections(request)
}
