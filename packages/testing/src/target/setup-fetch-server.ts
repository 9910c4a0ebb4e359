import { FetchInterceptor } from '@mswjs/interceptors/fetch/web'
import type { AnyHandler } from 'msw'
import { InterceptorSource } from 'msw/experimental'
import { defaultNetworkOptions, type SetupServer, setupServer } from 'msw/node'

// Its types are those of the build for browsers, which declares the base class a second time.
const atTheCall = new InterceptorSource({ interceptors: [new FetchInterceptor() as never] })

/**
 * msw's `setupServer`, which answers `fetch` where it is called. Clients of `node:http` are answered at their sockets, as
 * msw does for all.
 *
 * An emulated TLS socket for each request costs five times as much, and after a failed request it leaves errors in the
 * OpenSSL queue of its thread: Node 24 takes one for the failure of the next AES job, and aborts.
 */
export function setupFetchServer(...handlers: AnyHandler[]): SetupServer {
  const { sources } = defaultNetworkOptions
  // msw reads its default as `setupServer` is called; it has no option for it.
  Object.assign(defaultNetworkOptions, { sources: [atTheCall, ...sources] })
  try {
    return setupServer(...handlers)
  } finally {
    Object.assign(defaultNetworkOptions, { sources })
  }
}
