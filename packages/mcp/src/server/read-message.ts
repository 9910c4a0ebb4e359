import * as z from 'zod/mini'
import { readBounded } from '../guarded/read-bounded.ts'

/** The part of a JSON-RPC message that decides what its token must carry. */
const ToolCall = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

/** A message that begins a task, or is about one (revision 2025-11-25): the SDK sends its answer to who reads that task. */
const AboutTask = z.union([
  z.object({ method: z.string().check(z.startsWith('tasks/')) }),
  z.object({ params: z.object({ task: z.looseObject({}) }) }),
  z.object({ params: z.object({ _meta: z.object({ 'io.modelcontextprotocol/related-task': z.looseObject({}) }) }) }),
])

const RequestId = z.object({ id: z.union([z.string(), z.number()]) })

/** A body that takes longer keeps a connection, and is not waited for. */
const MAX_BODY_MS = 30_000

/** A body as it was read: parsed once, for us and for the handler alike. */
export type ReadBody =
  | { readonly ok: true; readonly body: unknown; readonly tool: string | undefined }
  | { readonly ok: false; readonly response: Response }

/**
 * Reads a JSON-RPC body, within a bound.
 *
 * The handler gets what was parsed here and never the text: two parsers that differ would let a call pass under
 * another tool's rules.
 */
export async function readMessage(request: Request, maxBytes: number): Promise<ReadBody> {
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers.get('content-type') ?? '')) {
    return refuse(415, -32_000, 'Content-Type must be application/json')
  }
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), MAX_BODY_MS)
  const read = await Promise.race([readBounded(request, maxBytes), late.promise]).finally(() => clearTimeout(timer))
  if (read === 'late') return refuse(408, -32_000, 'The request body did not come in time')
  if (read === undefined) return refuse(413, -32_000, 'The request body is too large')
  try {
    return parsedMessage(JSON.parse(new TextDecoder().decode(read)))
  } catch {
    return refuse(400, -32_700, 'Parse error')
  }
}

/**
 * A body that was parsed before it came here.
 *
 * Batches are refused, as since revision 2025-06-18: two calls in one request could need two different tokens.
 */
export function parsedMessage(body: unknown): ReadBody {
  if (Array.isArray(body)) return refuse(400, -32_600, 'Batches are not served')
  const call = ToolCall.safeParse(body)
  return { ok: true, body, tool: call.success ? call.data.params.name : undefined }
}

export const isAboutTask = (body: unknown): boolean => AboutTask.safeParse(body).success

/** The answer to a call of a tool that this gate does not know (I12). */
export const unknownTool = (body: unknown): Response => errorOf(body, -32_602, 'This tool is not served here')

/** The answer to what is about a task, where nothing tells whose task it is. */
export const taskWithoutSession = (body: unknown): Response =>
  errorOf(body, -32_601, 'Tasks are served within a session: open one with `initialize`')

function errorOf(body: unknown, code: number, message: string): Response {
  const { id } = RequestId.safeParse(body).data ?? {}
  return Response.json(
    { jsonrpc: '2.0', error: { code, message }, id: id ?? null },
    { status: id === undefined ? 400 : 200 },
  )
}

/** The answer to a session id that this caller was not given: clients open another session then. */
export const unknownSession = (): Response =>
  Response.json({ jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null }, { status: 404 })

/** The answer to an event id that this caller was not given. */
export const unknownEvent = (): Response =>
  Response.json({ jsonrpc: '2.0', error: { code: -32_000, message: 'Event not found' }, id: null }, { status: 400 })

function refuse(status: number, code: number, message: string): ReadBody {
  return { ok: false, response: Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status }) }
}
