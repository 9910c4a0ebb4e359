import { InvalidResponseError } from '@behalf/core/spi'
import type { OAuthDiscoveryState } from '@modelcontextprotocol/client'
import { SignInError } from './sign-in-error.ts'

/** The query parameter of a redirect URI that belongs to one issuer. */
export const ISSUER_PARAMETER = 'issuer'

/** The redirect URI for one issuer alone: an answer that comes to it can be of no other. */
export function redirectUriOf(redirectUri: string, issuer: string): string {
  const url = new URL(redirectUri)
  url.searchParams.set(ISSUER_PARAMETER, issuer)
  return url.href
}

/** The issuer that a redirect URI belongs to, where it says one. */
const issuerOfRedirectUri = (redirectUri: string): string | undefined =>
  new URL(redirectUri).searchParams.get(ISSUER_PARAMETER) ?? undefined

/** Whether the server names itself in each answer (RFC 9207). */
export const namesItself = (discovery: OAuthDiscoveryState | undefined): boolean =>
  discovery?.authorizationServerMetadata?.authorization_response_iss_parameter_supported === true

/**
 * Refuses a sign-in whose answer could be another server's (mix-up): a server that does not name itself, for a redirect
 * URI that other servers use too, must at least send the browser to no other origin than its own.
 *
 * @param origins - Further origins that the app trusts for this issuer's endpoints.
 * @throws InvalidResponseError
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.4.2 | RFC 9700 §4.4.2}
 */
export function refuseMixUp(
  issuer: string,
  { discovery, redirectUri }: { readonly discovery: OAuthDiscoveryState; readonly redirectUri: string },
  origins: readonly string[],
): void {
  if (namesItself(discovery) || issuerOfRedirectUri(redirectUri) === issuer) return
  const metadata = discovery.authorizationServerMetadata
  const own = [new URL(issuer).origin, ...origins]
  const foreign = [metadata?.authorization_endpoint, metadata?.token_endpoint]
    .flatMap((endpoint) => (endpoint === undefined ? [] : [new URL(endpoint).origin]))
    .find((origin) => !own.includes(origin))
  if (foreign === undefined) return
  throw new InvalidResponseError(
    `${JSON.stringify(issuer)} sends no \`iss\` and has an endpoint at ${JSON.stringify(foreign)}: name that origin in ` +
      '`client.authorizationOrigins` for this issuer, if it is the issuer’s',
  )
}

/**
 * Whether the browser came back to the redirect URI that the sign-in was begun with.
 *
 * @throws SignInError
 */
export function checkRedirectUsed(redirectUri: string, issuer: string, parameters: URLSearchParams): void {
  const said = parameters.getAll(ISSUER_PARAMETER)
  const isSaid = issuerOfRedirectUri(redirectUri) !== undefined
  if (said.every((one) => one === issuer) && (!isSaid || said.length === 1)) return
  throw new SignInError('refused', 'the answer came to the redirect URI of another authorization server')
}
