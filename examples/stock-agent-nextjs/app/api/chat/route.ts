import * as z from 'zod'
import { stockApp } from '../../../src/app.ts'
import { converse } from '../../../src/converse.ts'
import { cookie } from '../../../src/cookies.ts'
import { readJson } from '../../../src/read-json.ts'
import { isFromApp } from '../../../src/same-site.ts'
import { visitorOwner } from '../../../src/who-is.ts'

/** All that a browser may say. Messages, tool results and answers to questions it cannot send. */
const Body = z.strictObject({
  id: z.uuid(),
  text: z.string().trim().min(1).max(2_000).optional(),
  /** Whose page it is; `null` for a visitor's. It must not go on as a visitor, nor as who logged in after them. */
  user: z.string().nullable(),
  /** The version of a conversation which its user clicked to go on with. */
  seen: z.int().optional(),
})

/** 2,000 characters, however they are escaped. */
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
