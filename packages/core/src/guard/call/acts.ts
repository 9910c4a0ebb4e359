import { shared } from '../../base/process/shared-state.ts'
import { isSafeMethod } from '../../credential/idempotency-header.ts'
import type { ClaimHere } from '../../runs/claims-here.ts'

/**
 * What happens within a body beside the requests of its own credentials: guarded calls, and requests that left by other
 * ways. The bodies around it have then acted too (A13).
 */
export class Acts {
  // No private fields: the bodies around may be of another copy of this package.
  readonly outer: Acts | undefined = actsHere()
  /** The claim of this body, once it has one. */
  claim: ClaimHere | undefined
  /** The first request that could write and used no credential of the SDK, if one was noticed. */
  unseen: string | undefined
  /** Guarded calls within the body that have not ended. Those that have not claimed their run yet may do so later. */
  running = 0
  hasActed = false
  /** Ways to keep the results of writes within a read. Its caller may not hear of them; the run of a write is kept anyway. */
  readonly unheard: (() => Promise<void>)[] = []
  /** Whether the caller of a read hears of the writes within it. Absent while its body runs. */
  isHeard: boolean | undefined
  readonly signal: AbortSignal | undefined

  /** Begins a call in the body in which this code runs, if there is one. */
  constructor(signal?: AbortSignal) {
    this.signal = signal
    for (const each of upFrom(this.outer)) each.running++
  }

  get mayHaveActed(): boolean {
    return this.hasActed || this.running > 0
  }

  /** Ends the call. @param hasActed - False if it surely had no effect. */
  end(hasActed: boolean): void {
    for (const outer of upFrom(this.outer)) {
      outer.running--
      outer.hasActed ||= hasActed
    }
  }

  /** Tells the body around of a write. @param keep - Keeps its result for the next equal call. */
  tell(keep: () => Promise<void>): void {
    const { outer } = this
    if (outer === undefined || outer.claim) return
    const { signal, isHeard } = outer
    outer.unheard.push(keep)
    if (isHeard === false || signal?.aborted) void outer.lose()
    else if (isHeard === undefined) signal?.addEventListener('abort', outer.lose)
  }

  /**
   * Ends a read. If its caller left, or its body threw, the results of the writes within it are kept; else the body
   * around is told of them.
   *
   * @param keep - Ways to keep these results. @default those of which the body was told
   * @returns whether its caller gets the result.
   */
  async hear(isHeard: boolean, keep = this.unheard.splice(0)): Promise<boolean> {
    this.signal?.removeEventListener('abort', this.lose)
    this.isHeard ??= isHeard
    await Promise.all(keep.map((each) => (this.isHeard ? this.tell(each) : each())))
    return this.isHeard
  }

  readonly lose = (): Promise<unknown> => this.hear(false)

  /** The claims of the bodies around the call. */
  claimsAround(): readonly ClaimHere[] {
    return [...upFrom(this.outer)].flatMap(({ claim }) => claim ?? [])
  }
}

/** Returns the acts of the body in which this code runs, if there is one. */
const actsHere = (): Acts | undefined => shared.scope.getStore()?.acts as Acts | undefined

function* upFrom(acts: Acts | undefined): Generator<Acts> {
  for (let each = acts; each !== undefined; each = each.outer) yield each
}

interface Channels {
  subscribe(name: string, onMessage: (message: unknown) => void): void
}

/** A request as Node's channels tell of it: `origin` of `fetch`, `host` of `http`, `headers` of `http2`. */
interface Told {
  readonly request?: { readonly method?: string; readonly origin?: unknown; readonly host?: unknown }
  readonly headers?: Readonly<Record<string, unknown>>
}

const CHANNELS = ['undici:request:create', 'http.client.request.start', 'http2.client.stream.start']

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
  for (const name of CHANNELS) channels?.subscribe(name, note)
}

function note(message: unknown): void {
  const { request, headers } = message as Told
  const { method = String(headers?.[':method'] ?? 'GET'), origin, host = headers?.[':authority'] } = request ?? {}
  if (isSafeMethod(method)) return
  for (const each of upFrom(actsHere())) each.unseen ??= `${method} ${String(origin ?? host)}`
}
