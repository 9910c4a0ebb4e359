import { stockApp } from '../../src/app.ts'
import { isFromApp } from '../../src/same-site.ts'

export async function POST(request: Request): Promise<Response> {
  const { login, settings } = stockApp()
  if (!isFromApp(request, settings.origin)) return Response.json({ error: 'other_site' }, { status: 403 })
  return login.out(request)
}
