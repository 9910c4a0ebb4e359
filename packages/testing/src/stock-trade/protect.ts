import { allowInsecureLoopback, BehalfError, type Clock, type Fetch, memoryStore, type Profile } from '@behalf/core'
import { oidc } from '@behalf/core/providers'
import {
  type Challenged,
  createResourceServer,
  type Passed,
  type ProtectedRequest,
  type ResourceServer,
} from '@behalf/core/resource-server'
import { Problem } from './problem.ts'

export interface TokenRules {
  /** Trusted issuers, compared exactly. */
  readonly issuers: readonly string[]
  readonly audience: string
  readonly fetch: Fetch
  readonly clock: Clock
}

/** Lets a request with a good token pass, or throws the answer to give instead. */
export type Protect = (request: ProtectedRequest, scopes?: readonly string[]) => Promise<Passed>

/** Sets up protection as any API would: tokens of these issuers, bearer or bound to a key. */
export function createProtection({ issuers, audience, fetch, clock }: TokenRules): Protect {
  const profiles = new Map<string, Profile>(issuers.map((issuer) => [issuer, profileOf(issuer)]))
  const store = memoryStore({ clock })
  // A test may mount it anywhere. An API of your own gives its one origin: the sender of a request writes `Host`.
  const at = (origin: string) =>
    createResourceServer({
      authorizationServer: (issuer) => profiles.get(issuer),
      audience,
      realm: 'stock-trade',
      dpop: { store },
      origin,
      fetch,
      clock,
    })
  const apis = new Map<string, ResourceServer>()
  return async (request, scopes = []) => {
    const { origin } = new URL(request.url)
    const api = apis.get(origin) ?? at(origin)
    apis.set(origin, api)
    const result = await api.protect(request, { scopes }).catch((error: unknown) => {
      if (BehalfError.isInstance(error)) throw unavailable()
      throw error
    })
    if (!result.ok) throw await problemOf(result)
    return result
  }
}

function profileOf(issuer: string): Profile {
  return oidc({ issuer, clientId: 'stock-trade', ...(issuer.startsWith('http:') && { [allowInsecureLoopback]: true }) })
}

/** Returns the same answer in this API's form of refusals. */
async function problemOf({ response, reason }: Challenged): Promise<Problem> {
  if (response.status === 503) return unavailable()
  const { error } = await response.json().catch(() => ({ error: 'unauthenticated' }))
  const headers = Object.fromEntries(
    ['www-authenticate', 'dpop-nonce'].map((name) => [name, response.headers.get(name)]),
  )
  return new Problem(response.status, error, reason, compact(headers))
}

function compact(headers: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null))
}

/** Makes the problem for an issuer that did not answer properly: this is not the caller's fault. */
function unavailable(): Problem {
  return new Problem(503, 'keys_unavailable', "the issuer's keys cannot be had now", { 'retry-after': '1' })
}
