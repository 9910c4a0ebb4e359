import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import type {
  Schemas,
  ToolSurroundings as SdkSurroundings,
  McpTool as SdkTool,
  ToolsOf as SdkTools,
} from '../guarded/mcp-tool.ts'
import type { AnySchema } from '../guarded/schema.ts'
import { authInfoWithoutToken, holdsCredentials } from '../guarded/without-credentials.ts'

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

/** What a tool's body gets beside its input. */
export type ToolSurroundings = SdkSurroundings<Extra>
/** A tool of a server on SDK 1. */
export type McpTool<Schema extends AnySchema = AnySchema> = SdkTool<Schema, Extra>
/** Tools by name, each with its own schema. */
export type ToolsOf<S extends Schemas> = SdkTools<S, Extra>

/** The context as a tool's body gets it: without credentials. */
export function toolContext({ authInfo, requestInfo, ...context }: Extra): Extra {
  return {
    ...context,
    ...(authInfo !== undefined && { authInfo: authInfoWithoutToken(authInfo) }),
    ...(requestInfo !== undefined && {
      requestInfo: {
        ...requestInfo,
        headers: Object.fromEntries(Object.entries(requestInfo.headers).filter(([name]) => !holdsCredentials(name))),
      },
    }),
  }
}
