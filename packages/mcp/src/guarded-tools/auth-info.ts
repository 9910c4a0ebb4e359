import { ConfigurationError, type Identity } from '@behalf/core'
import { callerScopesOf, type Passed } from '@behalf/core/resource-server'
import { principalKey } from '@behalf/core/spi'
import type { GuardedTool } from './mcp-tool.ts'
import { reportError } from './report-error.ts'

/**
 * The caller's data that the SDK passes to a tool: the fields of both SDKs' `AuthInfo`.
 *
 * `token` is always empty. A tool that could read the caller's token could pass it on, which an MCP server must not do;
 * the guard provides credentials for other APIs.
 * @see
 *   {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#access-token-privilege-restriction | MCP, Authorization}
 */
export interface McpAuthInfo {
  /** Always empty. */
  token: string
  /** Client that the caller's token was issued to. Empty if the token does not name it. */
  clientId: string
  /** Scopes of the caller's token. */
  scopes: string[]
  /** Epoch seconds at which the caller's token expires. Absent if the token has no such time. */
  expiresAt?: number
  /** Identifier of this MCP server: the gate's `resource`. */
  resource?: URL
  /** Address of this MCP server's metadata document (RFC 9728). */
  resourceMetadataUrl?: string
  /** Holds the verified caller as `identity`; read it with {@link identityOf}. */
  extra?: Record<string, unknown>
}

/** Any object with an `AuthInfo`: the context of either SDK's handlers, or that of the factory. */
export interface AuthCarrier {
  /** Its place for handlers of SDK 2. */
  readonly http?: { readonly authInfo?: McpAuthInfo | undefined } | undefined
  /** Its place for handlers of SDK 1, and for the server factory of SDK 2. */
  readonly authInfo?: McpAuthInfo | undefined
}

/** Returns the data that a tool gets about a verified caller. */
export function authInfoOf({ identity, scopes }: Passed, resource: URL, metadataUrl: string | undefined): McpAuthInfo {
  return {
    token: '',
    clientId: identity.clientId ?? '',
    scopes: [...scopes],
    resource,
    extra: { identity },
    ...(identity.expiresAt !== undefined && { expiresAt: identity.expiresAt }),
    ...(metadataUrl !== undefined && { resourceMetadataUrl: metadataUrl }),
  }
}

/**
 * Copies a request's context. The SDK passes on the object that it was given, which an app may reuse for its next
 * request.
 */
export function ownContext<Context extends AuthCarrier>(context: Context): Context {
  const { http, authInfo } = context
  return {
    ...context,
    ...(http?.authInfo !== undefined && { http: { ...http, authInfo: copyOf(http.authInfo) } }),
    ...(authInfo !== undefined && { authInfo: copyOf(authInfo) }),
  }
}

const copyOf = (authInfo: McpAuthInfo): McpAuthInfo => ({
  ...authInfo,
  scopes: [...authInfo.scopes],
  ...(authInfo.extra !== undefined && { extra: { ...authInfo.extra } }),
})

/**
 * Returns the identity for which a request acts, as the gate verified it. `undefined` if no gate runs before the
 * server. The guard refuses an identity that no verification returned, so this function does not check it.
 */
export function identityOf(context: AuthCarrier): Identity | undefined {
  return (context.http?.authInfo ?? context.authInfo)?.extra?.identity as Identity | undefined
}

/**
 * Tells the app that the gate accepted a token without `callerScopes`. The guard refuses the call, but the client gets
 * no challenge and cannot step up.
 */
export function reportMissingScopes(guarded: GuardedTool, { http, authInfo = http?.authInfo }: AuthCarrier): void {
  const lacking = callerScopesOf(guarded.policy).filter((scope) => authInfo?.scopes.includes(scope) === false)
  if (lacking.length === 0) return
  const passed = `is missing: the gate let a token without ${lacking.join(', ')} pass, and the client gets no challenge`
  reportError(guarded, new ConfigurationError('mcpResourceServer.guarded', `${passed}: give what toMcpTools made`))
}

/** Returns issuer, subject and client of a caller as one text. A session and a round of a call are bound to it. */
export function principalOf(identity: Identity): string {
  return JSON.stringify([principalKey(identity), identity.clientId ?? null])
}

/** Headers of a request that may contain credentials. */
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie', 'dpop']

export const holdsCredentials = (header: string): boolean => CREDENTIALS.includes(header.toLowerCase())

/** Returns the caller's data for a tool, without a token. Middleware other than the gate may have added one. */
export function authInfoWithoutToken({ clientId, scopes, expiresAt, resource, extra }: McpAuthInfo): McpAuthInfo {
  return {
    token: '',
    clientId,
    scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(resource !== undefined && { resource }),
    ...(extra?.identity !== undefined && { extra: { identity: extra.identity } }),
  }
}
