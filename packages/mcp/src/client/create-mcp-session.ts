import { checkSession, type McpSessionOptions } from './client-options.ts'
import type { DeviceSignInOptions } from './device-sign-in.ts'
import type { McpAccess } from './machine-access.ts'
import { SessionProvider } from './session-provider.ts'

/** A user's session with one MCP server. A transport of either SDK takes it as its options. */
export interface McpSession extends McpAccess {
  /**
   * Takes the address that the browser came back to, exchanges its code, and stores the tokens.
   *
   * `state` must be of a sign-in that this owner began at this server, and is good once; `iss` must be the issuer that
   * the sign-in was begun with. Works in whatever process the browser comes back to.
   *
   * @throws SignInError The answer is not to a sign-in of this owner, the server refused, or the user signed out meanwhile.
   */
  finishSignIn(callback: string | URL | URLSearchParams): Promise<void>
  /**
   * Signs in without a browser on this machine: shows a code, which the user types in on another device, and waits.
   * For clients that were registered with `deviceLogin`.
   *
   * @throws SignInError The user refused, let the code run out, or signed out meanwhile.
   * @throws ConfigurationError The authorization server has no device login.
   */
  signInByDevice(options: DeviceSignInOptions): Promise<void>
  /** How many sign-ins `showSignIn` has shown so far. */
  readonly signInsShown: number
  /**
   * Forgets the tokens, and begins the limit of sign-ins again. A sign-in that is being finished gets no tokens. Does not
   * tell the authorization server.
   */
  signOut(): Promise<void>
}

/**
 * Makes a durable session: registration in the specification's order (by hand, metadata document, dynamic), PKCE,
 * `state` and `iss`, resource indicators always, tokens sealed in the Store per user and server, one refresh at a time
 * across processes, step-up by the union of scopes and by another login.
 *
 * No request is made before it is used. An authorization server that does not say that it supports PKCE is refused.
 *
 * @example
 * ```ts
 * import { memoryStore } from '@behalf/core'
 * import { createMcpSession } from '@behalf/mcp/client'
 * import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
 *
 * const session = createMcpSession({
 *   serverUrl: 'https://mcp.example.com/mcp',
 *   owner: 'session-1',
 *   client: { name: 'My agent', redirectUri: 'https://app.example.com/callback' },
 *   showSignIn: (url) => console.log(`Sign in: ${url}`),
 *   store: memoryStore(),
 * })
 * const transport = new StreamableHTTPClientTransport(new URL('https://mcp.example.com/mcp'), session)
 * ```
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization | MCP, Authorization}
 */
export function createMcpSession(options: McpSessionOptions): McpSession {
  const settings = checkSession(options)
  const { trustedHosts = [], ...rest } = options
  // Copied: an app may fill in the same objects for its next user or server.
  const provider = new SessionProvider({ ...rest, trustedHosts: [...trustedHosts] }, settings)
  return {
    authProvider: provider,
    fetch: provider.fetch,
    finishSignIn: (callback) => provider.finishSignIn(callback),
    signInByDevice: (device) => provider.signInByDevice(device),
    get signInsShown() {
      return provider.signInsShown
    },
    signOut: () => provider.signOut(),
  }
}
