import { ConfigurationError } from '@behalf/core'

type Handler<Request, Context, Result> = (request: Request, context: Context) => Result | Promise<Result>

/**
 * Wraps the server's handler of a method. Both SDKs keep their handlers by method.
 *
 * @param server - The SDK's `Server` within its `McpServer`.
 * @throws ConfigurationError The SDK keeps its handlers elsewhere.
 */
export function aroundHandler<Request, Context, Result>(
  server: unknown,
  method: 'tools/call' | 'tools/list',
  around: (handler: Handler<Request, Context, Result>, request: Request, context: Context) => Promise<Result>,
): void {
  type Handlers = Map<string, Handler<Request, Context, Result>>
  const { _requestHandlers: handlers } = server as { readonly _requestHandlers?: Handlers }
  const handler = handlers instanceof Map ? handlers.get(method) : undefined
  if (handlers === undefined || handler === undefined) {
    const other = method === 'tools/list' ? ": give `list: 'all'`, which filters nothing" : ''
    throw new ConfigurationError('guarded.register', `this version of the SDK has no handler for ${method}${other}`)
  }
  handlers.set(method, (request, context) => around(handler, request, context))
}

/**
 * @throws ConfigurationError The server is of the other SDK, whose contexts and schemas differ. Only a v1 server has
 *   the method `tool`.
 */
export function refuseOtherSdk(server: object, wanted: 'v1' | 'v2'): void {
  if ('tool' in server === (wanted === 'v1')) return
  const [own, other] = wanted === 'v2' ? ['v1', '@behalf/mcp/v1'] : ['v2', '@behalf/mcp/server']
  throw new ConfigurationError('guarded.register', `got an McpServer of the ${own} SDK: use ${other} for it`)
}
