import { InvalidResponseError } from '@behalf/core/spi'
import type { OAuthDiscoveryState } from '@modelcontextprotocol/client'
import { SignInError } from '../sign-in/sign-in-error.ts'

/** The query parameter of a redirect URI that belongs to one issuer. */
export const ISSUER_PARAMETER = 'issuer'

/** Returns the redirect URI for one issuer alone. A response that arrives there can come from no other issuer. */
export function redirectUriOf(redirectUri: string, issuer: string): string {
  const url = new URL(redirectUri)
  url.searchParams.set(ISSUER_PARAMETER, issuer)
  return url.href
}

/** Returns the issuer to which a redirect URI belongs, if it names one. */
const issuerOfRedirectUri = (redirectUri: string): string | undefined =>
  new URL(redirectUri).searchParams.get(ISSUER_PARAMETER) ?? undefined

/** Returns whether the server names itself in each response (`iss`, RFC 9207). */
export const namesItself = (discovery: OAuthDiscoveryState | undefined): boolean =>
  discovery?.authorizationServerMetadata?.authorization_response_iss_parameter_supported === true

/**
 * Refuses a sign-in whose response could come from another server (mix-up attack). If a server does not name itself,
 * and other servers share the redirect URI, then its endpoints must at least be on its own origin.
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
 * Checks that the browser came back to the redirect URI with which the sign-in began.
 *
 * @throws SignInError
 */
export function checkRedirectUsed(redirectUri: string, issuer: string, parameters: URLSearchParams): void {
  const said = parameters.getAll(ISSUER_PARAMETER)
  const isSaid = issuerOfRedirectUri(redirectUri) !== undefined
  if (said.every((one) => one === issuer) && (!isSaid || said.length === 1)) return
  throw new SignInError('refused', 'the answer came to the redirect URI of another authorization server')
}
