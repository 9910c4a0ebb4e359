import { InvalidResponseError } from '@behalf/core/spi'
import type { OAuthDiscoveryState } from '@modelcontextprotocol/client'
import { isLoopback } from '../../base/is-loopback.ts'

/**
 * Refuses to send a browser to an address that is not a web page, such as `javascript:`. Refuses user information
 * before the host too, since it looks like another host.
 */
export function refuseAddress(url: URL, allowLoopback: boolean): void {
  const isWeb = url.protocol === 'https:' || (allowLoopback && url.protocol === 'http:' && isLoopback(url))
  if (isWeb && url.username === '' && url.password === '') return
  throw new InvalidResponseError(
    `the authorization endpoint is no address for a browser: ${JSON.stringify(url.origin)}`,
  )
}

/**
 * Refuses a server whose metadata does not announce PKCE. The SDK would continue; the specification forbids it
 * (2025-11-25, Authorization Code Protection).
 */
export function refuseWithoutPkce({ authorizationServerMetadata }: OAuthDiscoveryState): void {
  if (authorizationServerMetadata?.code_challenge_methods_supported?.includes('S256') === true) return
  throw new InvalidResponseError('the authorization server does not say that it supports PKCE with S256')
}
