import type { Redactor } from '@behalf/core/spi'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import { authInfoWithoutToken, holdsCredentials } from '../guarded-tools/auth-info.ts'

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

/**
 * Returns the context for a tool's body: without credentials. Tokens are removed from the body's messages to the client
 * (E4).
 */
export function toolContext({ authInfo, requestInfo, ...context }: Extra, redact: Redactor): Extra {
  return {
    ...context,
    sendNotification: (notification) => context.sendNotification(redact(notification)),
    sendRequest: (request, ...rest) => context.sendRequest(redact(request), ...rest),
    ...(authInfo !== undefined && { authInfo: authInfoWithoutToken(authInfo) }),
    ...(requestInfo !== undefined && {
      requestInfo: {
        ...requestInfo,
        headers: Object.fromEntries(Object.entries(requestInfo.headers).filter(([name]) => !holdsCredentials(name))),
      },
    }),
  }
}
