interface Listed {
  readonly tools: readonly { readonly name: string }[]
}
type ListHandler<Context> = (request: unknown, context: Context) => Listed | Promise<Listed>

/**
 * The server's own list, without what this caller could not call. Tools that are not guarded stay.
 *
 * @param list - How the SDK names `tools/list`.
 * @returns Whether the server has registered its list, which it does with its first tool.
 */
export function showPermitted<Context>(
  server: { readonly server: unknown },
  list: unknown,
  hiddenFrom: (context: Context) => Promise<ReadonlySet<string>>,
): () => boolean {
  let isShown = false
  const protocol = server.server as { setRequestHandler(method: unknown, handler: ListHandler<Context>): void }
  const set = protocol.setRequestHandler
  protocol.setRequestHandler = (method, handler) => {
    if (method !== list) return set.call(protocol, method, handler)
    isShown = true
    return set.call(protocol, method, async (request, context) => {
      const [listed, hidden] = await Promise.all([handler(request, context), hiddenFrom(context)])
      return { ...listed, tools: listed.tools.filter(({ name }) => !hidden.has(name)) }
    })
  }
  return () => isShown
}
