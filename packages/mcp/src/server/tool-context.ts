import type { ServerContext } from '@modelcontextprotocol/server'
import { authInfoWithoutToken, holdsCredentials } from '../guarded/without-credentials.ts'

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
