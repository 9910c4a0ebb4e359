import type { Profile, SurroundingsOptions } from '@behalf/core'
import { ConfigurationError } from '@behalf/core'
import type {
  ActorRules,
  AuthenticationRules,
  DpopOptions,
  Introspect,
  MetadataOptions,
} from '@behalf/core/resource-server'
import { refuseUnknownKeys } from '../guarded/options.ts'

/** What calls of one tool need of the token, beyond what every request needs. */
export interface ToolRules extends AuthenticationRules {
  /** All of them. */
  readonly scopes?: readonly string[] | undefined
}

/** Options of `createMcpGate`. */
export interface McpGateOptions extends SurroundingsOptions {
  /**
   * The MCP endpoint as clients know it, such as `https://mcp.example.com/mcp`: its address, its identifier
   * (RFC 8707, RFC 9728) and the audience of its tokens.
   */
  readonly resource: string
  /** The issuer whose tokens are taken, or a function that answers with the profile of each of several. */
  readonly authorizationServer: Profile | ((issuer: string) => Profile | undefined)
  /** What tokens call us, where the authorization server does not write `resource` into `aud`. @default `resource` */
  readonly audience?: string | readonly string[] | undefined
  /** Scopes that every request needs. @default none */
  readonly scopes?: readonly string[] | undefined
  /** What calls of a tool need in addition. Policies say what a user may do; this is what the token must carry. */
  readonly tools?: Readonly<Record<string, ToolRules>> | undefined
  /** More for the metadata document. Its scopes are those named above unless it names others. */
  readonly metadata?: Omit<MetadataOptions, 'resource'> | undefined
  /** Takes tokens that are bound to a key, with their proofs. @default they are refused */
  readonly dpop?: DpopOptions | undefined
  /** Takes opaque tokens too, by asking their issuer. @default they are refused */
  readonly introspect?: Introspect | undefined
  /** Which agents may act here. @default any */
  readonly actors?: ActorRules | undefined
  /** Values of `Host` that are ours. Any other is DNS rebinding, and refused. @default the host of `resource` */
  readonly hosts?: readonly string[] | undefined
  /** Origins whose pages may call from a browser. @default the origin of `resource` */
  readonly origins?: readonly string[] | undefined
  /** @default 1_048_576 */
  readonly maxBodyBytes?: number | undefined
}

export const gateOptionKeys = [
  'resource',
  'authorizationServer',
  'audience',
  'scopes',
  'tools',
  'metadata',
  'dpop',
  'introspect',
  'actors',
  'hosts',
  'origins',
  'maxBodyBytes',
  'fetch',
  'clock',
  'timeoutMs',
] as const satisfies readonly (keyof McpGateOptions)[]

const toolRuleKeys = ['scopes', 'acrValues', 'maxAge'] as const satisfies readonly (keyof ToolRules)[]

/** The endpoint's address. */
export function endpointOf(option: string, resource: unknown): URL {
  const url = typeof resource === 'string' && URL.canParse(resource) ? new URL(resource) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(option, 'give the absolute address of the MCP endpoint, without query and fragment')
  }
  return url
}

export function checkToolRules(
  option: string,
  tools: Readonly<Record<string, ToolRules>>,
): ReadonlyMap<string, ToolRules> {
  for (const [name, rules] of Object.entries(tools)) refuseUnknownKeys(`${option}.${name}`, rules, toolRuleKeys)
  return new Map(Object.entries(tools))
}

/** Every scope that some request needs: what a client may ask for at once. */
export function scopesOf(scopes: readonly string[], tools: ReadonlyMap<string, ToolRules>): readonly string[] {
  return [...new Set([...scopes, ...[...tools.values()].flatMap((rules) => rules.scopes ?? [])])]
}
