import * as z from 'zod/mini'
import { readBounded } from '../base/read-bounded.ts'

/** The part of a JSON-RPC message that decides which scopes its token needs. */
const ToolCall = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

/**
 * A message that begins a task, or concerns one (revision 2025-11-25). The SDK sends its result to any caller that
 * reads the task.
 */
const AboutTask = z.union([
  z.object({ method: z.string().check(z.startsWith('tasks/')) }),
  z.object({ params: z.object({ task: z.looseObject({}) }) }),
  z.object({ params: z.object({ _meta: z.object({ 'io.modelcontextprotocol/related-task': z.looseObject({}) }) }) }),
])

const RequestId = z.object({ id: z.union([z.string(), z.number()]) })

/** Maximum time to read a body, in milliseconds: a slow one keeps a connection open. */
const MAX_BODY_MS = 30_000

/** A body after reading: parsed once, for the gate and for the handler. */
export type ReadBody =
  | { readonly ok: true; readonly body: unknown; readonly tool: string | undefined }
  | { readonly ok: false; readonly response: Response }

/**
 * Reads a JSON-RPC body, up to a size limit.
 *
 * The handler gets the parsed body and never the text: with two different parsers, a call could pass under another
 * tool's rules.
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
 * Checks a body that was parsed before.
 *
 * Refuses batches, which revision 2025-06-18 removed: two calls in one request could need two different tokens.
 */
export function parsedMessage(body: unknown): ReadBody {
  if (Array.isArray(body)) return refuse(400, -32_600, 'Batches are not served')
  const call = ToolCall.safeParse(body)
  return { ok: true, body, tool: call.success ? call.data.params.name : undefined }
}

export const isAboutTask = (body: unknown): boolean => AboutTask.safeParse(body).success

/** The response to a call of a tool that this gate does not know (I12). */
export const unknownTool = (body: unknown): Response => errorOf(body, -32_602, 'This tool is not served here')

/** The response to a request about a task, if nothing identifies the task's owner. */
export const taskWithoutSession = (body: unknown): Response =>
  errorOf(body, -32_601, 'Tasks are served within a session: open one with `initialize`')

function errorOf(body: unknown, code: number, message: string): Response {
  const { id } = RequestId.safeParse(body).data ?? {}
  return Response.json(
    { jsonrpc: '2.0', error: { code, message }, id: id ?? null },
    { status: id === undefined ? 400 : 200 },
  )
}

/** The response to a session id that was not given to this caller. Clients then open another session. */
export const unknownSession = (): Response =>
  Response.json({ jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null }, { status: 404 })

/** The response to an event id that was not given to this caller. */
export const unknownEvent = (): Response =>
  Response.json({ jsonrpc: '2.0', error: { code: -32_000, message: 'Event not found' }, id: null }, { status: 400 })

function refuse(status: number, code: number, message: string): ReadBody {
  return { ok: false, response: Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status }) }
}
