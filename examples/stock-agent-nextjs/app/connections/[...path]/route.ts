import { stockApp } from '../../../src/app.ts'
import { isPageOf, loginRequired } from '../../../src/is-page-of.ts'

export const GET = (request: Request) => stockApp().connections(request)

export async function POST(request: Request): Promise<Response> {
  const { connections, whoIs } = stockApp()
  const { identity } = await whoIs(request)
  return isPageOf(identity, request) ? connections(request) : loginRequired()
}
