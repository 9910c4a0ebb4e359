import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import { authInfoWithoutToken, holdsCredentials } from '../guarded/without-credentials.ts'

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

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
