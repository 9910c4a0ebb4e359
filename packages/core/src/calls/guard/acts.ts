import { shared } from '../../base/process/registry.ts'
import type { ClaimHere } from '../../consent/approvals/claims-here.ts'
import { isSafeMethod } from '../../rights/credential/idempotency-header.ts'

/**
 * What happens within a body beside the requests of its own credentials: guarded calls, and requests that left by other
 * ways. The bodies around it have then acted too (A13).
 */
export class Acts {
  readonly #outer: Acts | undefined
  readonly #claim: ClaimHere | undefined
  #running = 0
  #hasActed = false
  #unseen: string | undefined

  /** @param outer - Those of the body that made the call. */
  constructor(outer: Acts | undefined, claim: ClaimHere | undefined) {
    this.#outer = outer
    this.#claim = claim
    for (const each of this.#around()) each.#running++
  }

  get mayHaveActed(): boolean {
    return this.#hasActed || this.#running > 0
  }

  /** The first request that could write and used no credential of the SDK, if one was noticed. */
  get unseen(): string | undefined {
    return this.#unseen
  }

  noteRequest(request: string): void {
    this.#unseen ??= request
    for (const outer of this.#around()) outer.#unseen ??= request
  }

  /** Ends the body. @param hasActed - False if it surely had no effect. */
  end(hasActed: boolean): void {
    for (const outer of this.#around()) {
      outer.#running--
      outer.#hasActed ||= hasActed
    }
  }

  /** The claims of this body and of those around it. */
  claims(): readonly ClaimHere[] {
    const own = this.#claim === undefined ? [] : [this.#claim]
    return [...own, ...(this.#outer?.claims() ?? [])]
  }

  *#around(): Generator<Acts> {
    for (let outer = this.#outer; outer !== undefined; outer = outer.#outer) yield outer
  }
}

/** Returns the acts of the body in which this code runs. */
export const actsAround = (): Acts | undefined => shared.scope.getStore()?.acts as Acts | undefined

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
