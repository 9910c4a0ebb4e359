import { stockApp } from '../../../src/app.ts'
import { isPageOf, loginRequired } from '../../../src/is-page-of.ts'

async function handle(request: Request): Promise<Response> {
  const { inbox, whoIs } = stockApp()
  const { identity } = await whoIs(request)
  return isPageOf(identity, request) ? inbox(request) : loginRequired()
}

export { handle as GET, handle as POST }
