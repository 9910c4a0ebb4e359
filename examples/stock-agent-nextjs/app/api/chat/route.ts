import * as z from 'zod'
import { stockApp } from '../../../src/app.ts'
import { converse } from '../../../src/converse.ts'
import { cookie } from '../../../src/cookies.ts'
import { readJson } from '../../../src/read-json.ts'
import { isFromApp } from '../../../src/same-site.ts'
import { visitorOwner } from '../../../src/who-is.ts'

/** Body of a browser's request. A browser cannot send messages, tool results or answers to questions. */
const Body = z.strictObject({
  id: z.uuid(),
  text: z.string().trim().min(1).max(2_000).optional(),
  /**
   * User of the page; `null` for a visitor's. A page must not continue as a visitor, or as another user who logged in
   * later.
   */
  user: z.string().nullable(),
  /** Version of a conversation with which its user clicked to continue. */
  seen: z.int().optional(),
})

/** Enough for 2,000 characters in any escaped form. */
const MAX_BYTES = 32 * 1024

const statuses = { not_found: 404, waits: 409, nothing_waits: 409, login_required: 401 } as const
const headers = { 'cache-control': 'no-store' }

export async function POST(request: Request): Promise<Response> {
  const app = stockApp()
  const { origin } = app.settings
  if (!isFromApp(request, origin)) return Response.json({ error: 'other_site' }, { status: 403 })
  const body = Body.safeParse(await readJson(request, MAX_BYTES))
  if (!body.success) return Response.json({ error: 'invalid_request' }, { status: 400 })
  const { identity, owner: known } = await app.whoIs(request)
  if (body.data.user !== (identity?.subject ?? null)) {
    return Response.json({ error: 'login_required' }, { status: 401, headers })
  }
  const visitor = known === undefined ? crypto.randomUUID() : undefined
  const owner = known ?? visitorOwner(visitor ?? '')
  const { id, text, seen } = body.data
  const sent = { headers: new Headers(request.headers) }
  const isPresent = async () => identity === undefined || (await app.whoIs(sent)).owner === owner
  const answer = await converse(app, { id, text, seen, owner, identity, isPresent })
  if (typeof answer === 'string') return Response.json({ error: answer }, { status: statuses[answer], headers })
  if (visitor !== undefined)
    answer.headers.append('set-cookie', cookie('visitor', visitor, { origin, seconds: 86_400 }))
  return answer
}
