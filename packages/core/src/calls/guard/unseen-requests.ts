import { isSafeMethod } from '../../rights/credential/idempotency-header.ts'
import { actsAround } from './acts.ts'

interface Channels {
  subscribe(name: string, onMessage: (message: unknown) => void): void
}

/** A request as Node's channels tell of it: `origin` of `fetch`, `host` of `http`. */
interface Told {
  readonly request?: { readonly method?: string; readonly origin?: unknown; readonly host?: unknown }
}

let isWatching = false

/**
 * Notices, on Node, the requests of bodies that could write and do not use a credential of the SDK. Other runtimes tell
 * of no requests.
 */
export function watchRequests(): void {
  if (isWatching) return
  isWatching = true
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const channels = process?.getBuiltinModule?.('node:diagnostics_channel') as Channels | undefined
  for (const name of ['undici:request:create', 'http.client.request.start']) channels?.subscribe(name, note)
}

function note(message: unknown): void {
  const { method = 'GET', origin, host } = (message as Told).request ?? {}
  if (!isSafeMethod(method)) actsAround()?.noteRequest(`${method} ${String(origin ?? host)}`)
}
