import { ConfigurationError } from '@behalf/core'

interface Listed {
  readonly tools: readonly { readonly name: string }[]
}
type ListHandler<Context> = (request: unknown, context: Context) => Listed | Promise<Listed>

/**
 * Takes out of the server's own list what this caller could not call. Tools that are not guarded stay.
 *
 * Call it once the server has tools. Both SDKs keep their handlers by method: whichever tools came first, and whatever
 * capabilities the server declares, the list is there by then.
 *
 * @throws ConfigurationError The SDK keeps its list elsewhere.
 */
export function showPermitted<Context>(
  { server }: { readonly server: unknown },
  hiddenFrom: (context: Context) => Promise<ReadonlySet<string>>,
): void {
  const { _requestHandlers: handlers } = server as { readonly _requestHandlers?: Map<string, ListHandler<Context>> }
  const list = handlers instanceof Map ? handlers.get('tools/list') : undefined
  if (handlers === undefined || list === undefined) {
    const fix = "finds no handler for tools/list in this version of the SDK: give `list: 'all'`, which filters nothing"
    throw new ConfigurationError('guardTools.register', fix)
  }
  handlers.set('tools/list', async (request, context) => {
    const [listed, hidden] = await Promise.all([list(request, context), hiddenFrom(context)])
    return { ...listed, tools: listed.tools.filter(({ name }) => !hidden.has(name)) }
  })
}
