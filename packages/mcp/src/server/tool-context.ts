import type { ServerContext } from '@modelcontextprotocol/server'
import type {
  Schemas,
  ToolSurroundings as SdkSurroundings,
  McpTool as SdkTool,
  ToolsOf as SdkTools,
} from '../guarded/mcp-tool.ts'
import type { AnySchema } from '../guarded/schema.ts'
import { authInfoWithoutToken, holdsCredentials } from '../guarded/without-credentials.ts'

/** What a tool's body gets beside its input. */
export type ToolSurroundings = SdkSurroundings<ServerContext>
/** A tool of a server on SDK 2. */
export type McpTool<Schema extends AnySchema = AnySchema> = SdkTool<Schema, ServerContext>
/** Tools by name, each with its own schema. */
export type ToolsOf<S extends Schemas> = SdkTools<S, ServerContext>

/**
 * The context as a tool's body gets it: without credentials, and with the state that this body itself gave out.
 *
 * @param own - Its `requestState` of the round before.
 */
export function toolContext(context: ServerContext, own: string | undefined): ServerContext {
  const { mcpReq, http } = context
  const requestState = (() => own) as typeof mcpReq.requestState
  if (http === undefined) return { ...context, mcpReq: { ...mcpReq, requestState } }
  const { authInfo, req, ...rest } = http
  return {
    ...context,
    mcpReq: { ...mcpReq, requestState },
    http: {
      ...rest,
      ...(authInfo !== undefined && { authInfo: authInfoWithoutToken(authInfo) }),
      ...(req !== undefined && { req: requestWithoutCredentials(req) }),
    },
  }
}

function requestWithoutCredentials({ url, method, headers, signal }: Request): Request {
  const kept = [...headers].filter(([name]) => !holdsCredentials(name))
  return new Request(url, { method, headers: kept, signal })
}
