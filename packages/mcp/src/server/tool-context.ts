import type { Redactor } from '@behalf/core/spi'
import type { ServerContext } from '@modelcontextprotocol/server'
import { authInfoWithoutToken, holdsCredentials } from '../guarded-tools/auth-info.ts'

/**
 * Returns the context for a tool's body: without credentials, and with the state that this body itself returned. Tokens
 * are removed from the body's messages to the client, as they are from its result (E4).
 *
 * @param own - The body's `requestState` of the previous round.
 */
export function toolContext(context: ServerContext, own: string | undefined, redact: Redactor): ServerContext {
  const { http } = context
  const mcpReq = { ...context.mcpReq, ...told(context.mcpReq, redact), requestState: (() => own) as never }
  if (http === undefined) return { ...context, mcpReq }
  const { authInfo, req, ...rest } = http
  return {
    ...context,
    mcpReq,
    http: {
      ...rest,
      ...(authInfo !== undefined && { authInfo: authInfoWithoutToken(authInfo) }),
      ...(req !== undefined && { req: requestWithoutCredentials(req) }),
    },
  }
}

type Told = Pick<ServerContext['mcpReq'], 'elicitInput' | 'log' | 'notify' | 'requestSampling' | 'send'>

function told(mcpReq: Told, redact: Redactor): Told {
  return {
    notify: (notification) => mcpReq.notify(redact(notification)),
    log: (level, data, logger) => mcpReq.log(level, redact(data), redact(logger)),
    elicitInput: (params, options) => mcpReq.elicitInput(redact(params), options),
    requestSampling: (params, options) => mcpReq.requestSampling(redact(params), options),
    send: ((request: never, ...rest: never[]) => mcpReq.send(redact(request), ...(rest as []))) as Told['send'],
  }
}

function requestWithoutCredentials({ url, method, headers, signal }: Request): Request {
  const kept = [...headers].filter(([name]) => !holdsCredentials(name))
  return new Request(url, { method, headers: kept, signal })
}
