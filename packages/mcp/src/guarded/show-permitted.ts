import { aroundHandler } from './around-handler.ts'

interface Listed {
  readonly tools: readonly { readonly name: string }[]
}

/**
 * Takes out of the server's own list what this caller could not call. Tools that are not guarded stay.
 *
 * Call it once the server has tools: whichever came first, and whatever capabilities the server declares, the list is
 * there by then.
 *
 * @param fields - What the result says besides, such as for whom it may be kept.
 * @throws ConfigurationError
 */
export function showPermitted<Context>(
  { server }: { readonly server: unknown },
  hiddenFrom: (context: Context) => Promise<ReadonlySet<string>>,
  fields: object = {},
): void {
  aroundHandler<unknown, Context, Listed>(server, 'tools/list', async (list, request, context) => {
    const [listed, hidden] = await Promise.all([list(request, context), hiddenFrom(context)])
    return { ...listed, ...fields, tools: listed.tools.filter(({ name }) => !hidden.has(name)) }
  })
}
