import * as z from 'zod/mini'
import { readBounded } from '../guarded/read-bounded.ts'

/** The part of a JSON-RPC message that decides what its token must carry. */
const ToolCall = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

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
  const read = await readBounded(request, maxBytes)
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

function refuse(status: number, code: number, message: string): ReadBody {
  return { ok: false, response: Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status }) }
}
