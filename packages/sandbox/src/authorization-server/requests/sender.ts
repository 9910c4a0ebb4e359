import type { MockClient } from '@behalf/testing'
import type { Configuration } from 'oidc-provider'

/**
 * Sends the library's requests: notifications of ping mode, and requests for documents and keys that clients name.
 *
 * The library's own guard blocks special-use addresses, since any client may register here and name any address. A
 * client of ours whose endpoint for notifications is on loopback is notified over plain http.
 */
export function sender(clients: readonly MockClient[]): NonNullable<Configuration['fetch']> {
  const endpoints = clients.flatMap(({ notificationEndpoint: endpoint }) =>
    endpoint?.startsWith('http:') ? [[new URL(endpoint.replace(/^http:/, 'https:')).href, endpoint] as const] : [],
  )
  const onLoopback = new Map(endpoints)
  return (url, init) => {
    const endpoint = init?.method === 'POST' ? onLoopback.get(new URL(String(url)).href) : undefined
    if (endpoint === undefined) return globalThis.fetch(url, init)
    const { dispatcher: _guard, ...rest } = init as RequestInit & { readonly dispatcher?: unknown }
    return globalThis.fetch(endpoint, rest)
  }
}
