import type { ResourceRoute, ResourceRule } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { originList, refuseUnknownKeys, scopeList } from '../../base/values/index.ts'
import { idempotencyHeaderName } from '../../credential/index.ts'
import { routeOf } from '../credentials/resource-route.ts'
import { exempted } from './exempted-scopes.ts'

/** Options of `resource`. */
export interface ResourceOptions {
  /** Scopes that the tool needs. With an approval rule: the scopes that an approved call may request. */
  readonly scopes: readonly string[]
  /** Scopes that a call may request when `approval.when` exempts it. Shares no scope with `scopes`. */
  readonly withoutApproval?: readonly string[]
  /**
   * Route to the token. `idJag({ … })`: the API's own authorization server issues it, after the user's server asserted
   * the user to it.
   * @default an exchange at the user's issuer
   */
  readonly through?: ResourceRoute
  /** The only origins that may see the token. @default the origin of the resource, where it is a web address */
  readonly origins?: readonly string[]
  /**
   * Header from which the API reads an idempotency key, such as `Idempotency-Key`. In a `write` call, the first request
   * that is not a GET, HEAD, OPTIONS or TRACE carries the call's key, the n-th one `key.n`, whichever credential sends
   * it. A header that the body sets itself is not changed. A body that is retried must make the same requests in the
   * same order. If it skips a request that is done already, set the header yourself, from `idempotencyKey` and a name
   * for each request.
   * @default none is set
   */
  readonly idempotencyHeader?: string
}

/** A rule that names the scopes of an exempted call, so that the policy may have `approval.when`. */
export type ExemptibleResourceRule = ResourceRule & { readonly withoutApproval: readonly string[] }

/**
 * Declares an API of the app's own: its token is exchanged for the user's, or given by an approval.
 *
 * Data only: makes no request.
 *
 * @param uri - The API's identifier: an absolute URI without a fragment.
 * @throws ConfigurationError The URI, a scope or an origin is wrong, or a scope is in both `scopes` and
 *   `withoutApproval`: a scope that needs an approval must not be available without one.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 | RFC 8707 §2}
 */
export function resource(
  uri: string,
  options: ResourceOptions & { readonly withoutApproval: readonly string[] },
): ExemptibleResourceRule
/** The same without scopes for exempted calls. */
export function resource(uri: string, options: ResourceOptions): ResourceRule
export function resource(uri: string, options: ResourceOptions): ResourceRule {
  refuseUnknownKeys('resource', options, ['scopes', 'withoutApproval', 'through', 'origins', 'idempotencyHeader'])
  const url = absolute(uri)
  if (options.through !== undefined) routeOf(options.through)
  const scopes = scopeList('resource.scopes', options.scopes)
  const origins = originList('resource.origins', options.origins ?? originOf(url))
  return Object.freeze({
    kind: 'resource',
    resource: uri,
    ...(options.through !== undefined && { through: options.through }),
    scopes,
    origins,
    ...(options.idempotencyHeader !== undefined && {
      idempotencyHeader: idempotencyHeaderName('resource.idempotencyHeader', options.idempotencyHeader),
    }),
    ...exempted('resource.withoutApproval', options.withoutApproval, scopes),
  })
}

function absolute(uri: unknown): URL {
  // The URL parser silently drops white space and an empty fragment.
  if (typeof uri !== 'string' || !URL.canParse(uri) || /[\s#]/.test(uri)) {
    throw new ConfigurationError('resource', 'give an absolute URI without a fragment (RFC 8707 §2)')
  }
  return new URL(uri)
}

function originOf(url: URL): readonly string[] {
  if (url.protocol === 'https:' || url.protocol === 'http:') return [url.origin]
  throw new ConfigurationError('resource.origins', `name them: ${url.protocol} is no web address`)
}
