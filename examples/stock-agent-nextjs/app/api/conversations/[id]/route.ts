import { stockApp } from '../../../../src/app.ts'
import { lookAt } from '../../../../src/look-at.ts'

export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const app = stockApp()
  const look = await lookAt(app, await app.whoIs(request), (await params).id)
  const headers = { 'cache-control': 'no-store' }
  return look === undefined
    ? Response.json({ error: 'not_found' }, { status: 404, headers })
    : Response.json(look, { headers })
}
