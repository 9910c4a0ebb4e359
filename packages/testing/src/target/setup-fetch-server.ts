import { FetchInterceptor } from '@mswjs/interceptors/fetch/web'
import type { AnyHandler } from 'msw'
import { InterceptorSource } from 'msw/experimental'
import { defaultNetworkOptions, type SetupServer, setupServer } from 'msw/node'

// Its types are those of the build for browsers, which declares the base class a second time.
const atTheCall = new InterceptorSource({ interceptors: [new FetchInterceptor() as never] })

/**
 * Returns msw's `setupServer`, which intercepts `fetch` at the call. It intercepts clients of `node:http` at their
 * sockets.
 *
 * By default, msw emulates a TLS socket for each request, which costs five times as much. A failed request then leaves
 * errors in the OpenSSL queue of its thread. Node 24 takes such an error for the failure of the next AES job, and
 * aborts.
 */
export function setupFetchServer(...handlers: AnyHandler[]): SetupServer {
  const { sources } = defaultNetworkOptions
  // msw reads this default when `setupServer` is called, and has no option for it.
  Object.assign(defaultNetworkOptions, { sources: [atTheCall, ...sources] })
  try {
    return setupServer(...handlers)
  } finally {
    Object.assign(defaultNetworkOptions, { sources })
  }
}
