import type { McpAccess } from '../access-providers.ts'
import { checkSession, type McpSessionOptions } from '../client-options.ts'
import type { DeviceSignInOptions } from '../sign-in/device-sign-in.ts'
import { SessionProvider } from './session-provider.ts'

/** A user's session with one MCP server. A transport of either SDK accepts it as its options. */
export interface McpSession extends McpAccess {
  /**
   * Takes the address that the browser came back to, exchanges its code, and stores the tokens.
   *
   * `state` must belong to a sign-in that this owner began at this server, and is accepted once. `iss` must be the
   * issuer with which the sign-in began. Works in any process that the browser comes back to.
   *
   * @throws SignInError The response belongs to no sign-in of this owner, the server refused, or the user signed out
   *   meanwhile.
   */
  finishSignIn(callback: string | URL | URLSearchParams): Promise<void>
  /**
   * Signs in without a browser on this machine: shows a code, which the user types in on another device, and waits. For
   * clients that were registered with `deviceLogin`.
   *
   * @throws SignInError The user refused, the code expired, or the user signed out meanwhile.
   * @throws ConfigurationError The authorization server has no device login.
   */
  signInByDevice(options: DeviceSignInOptions): Promise<void>
  /** Number of sign-ins that `showSignIn` has shown so far. */
  readonly signInsShown: number
  /**
   * Deletes the tokens, and resets the limit of sign-ins. A sign-in that is being finished gets no tokens. Does not
   * notify the authorization server.
   */
  signOut(): Promise<void>
}

/**
 * Makes a durable session. It registers in the specification's order (by hand, metadata document, dynamic), and always
 * uses PKCE, `state`, `iss` and resource indicators. Tokens are sealed in the store, per user and server. One refresh
 * runs at a time, across processes. Step-up asks for the union of scopes, or for another login.
 *
 * Sends no request before it is used. Refuses an authorization server whose metadata does not announce PKCE.
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
  // Copied: an app may reuse the same objects for its next user or server.
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
