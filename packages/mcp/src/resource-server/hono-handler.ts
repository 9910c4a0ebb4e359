import type { McpHandler, McpResourceServer } from './mcp-resource-server.ts'

/** The parts of Hono's context that are used. */
export interface HonoContext {
  /** Hono's request. Only the fetch `Request` in `raw` is read. */
  readonly req: { readonly raw: Request }
}

/**
 * The handler behind the gate, as a Hono middleware: `app.use(honoHandler(gate, mcp.fetch))`. Answers at the addresses
 * of endpoint and metadata, and passes on all other requests.
 */
export function honoHandler(
  gate: McpResourceServer,
  handler: McpHandler,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  const handle = gate.handle(handler)
  return async ({ req }, next) => {
    if (gate.serves(req.raw)) return handle(req.raw)
    await next()
    return undefined
  }
}
