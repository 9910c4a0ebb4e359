import { ConfigurationError, type Profile } from '@behalf/core'
import type {
  ActorRules,
  AuthenticationRules,
  DpopOptions,
  Introspect,
  MetadataOptions,
} from '@behalf/core/resource-server'
import type { SurroundingsOptions } from '@behalf/core/spi'
import { refuseUnknownKeys } from '../base/refuse-unknown-keys.ts'
import type { GuardedTools } from '../server/guard-tools.ts'
import type { GateRefusal } from './tell-refusal.ts'

/** Requirements for the token of a call of one tool, in addition to those of every request. */
export interface ToolRules extends AuthenticationRules {
  /** Required scopes, all of them. */
  readonly scopes?: readonly string[] | undefined
}

/** Options of `mcpResourceServer`. */
export interface McpResourceServerOptions extends SurroundingsOptions {
  /**
   * The MCP endpoint as clients know it, such as `https://mcp.example.com/mcp`: its address, its identifier
   * (RFC 8707, RFC 9728) and the audience of its tokens.
   */
  readonly resource: string
  /** The issuer whose tokens are accepted, or a function that returns the profile of each of several issuers. */
  readonly authorizationServer: Profile | ((issuer: string) => Profile | undefined)
  /**
   * The audience of the tokens, if the authorization server does not write `resource` into `aud`.
   * @default `resource`
   */
  readonly audience?: string | readonly string[] | undefined
  /**
   * Scopes that every request needs.
   * @default none: each valid token for `resource` is accepted, and the guard decides
   */
  readonly scopes?: readonly string[] | undefined
  /**
   * The result of `guardTools`: calls of these tools need the `callerScopes` of their policies, and other tools are
   * refused.
   * @default the tools of `tools`, if given, else all tools
   */
  readonly guarded?: Pick<GuardedTools, 'callerScopes'> | undefined
  /**
   * Further requirements for calls of a tool, by name: more scopes, or another login. With `guarded`, each name must be
   * one of its tools. Without `guarded`, only the tools that are named here can be called: give `{}` for one that needs
   * no more.
   */
  readonly tools?: Readonly<Record<string, ToolRules>> | undefined
  /** Further fields of the metadata document. By default its scopes are those named above. */
  readonly metadata?: Omit<MetadataOptions, 'resource'> | undefined
  /** Accepts tokens that are bound to a key, with their proofs. @default such tokens are refused */
  readonly dpop?: DpopOptions | undefined
  /** Accepts opaque tokens too, by introspection at their issuer. @default such tokens are refused */
  readonly introspect?: Introspect | undefined
  /** Also introspects JWTs, at each request. @default false: a JWT is verified here, with the issuer's keys */
  readonly introspectJwts?: boolean | undefined
  /** Agents that may act here. @default any agent */
  readonly actors?: ActorRules | undefined
  /** Values of `Host` of this server. Any other is refused as DNS rebinding. @default the host of `resource` */
  readonly hosts?: readonly string[] | undefined
  /** Origins whose pages may call from a browser. @default the origin of `resource` */
  readonly origins?: readonly string[] | undefined
  /**
   * Signs the ids of sessions and events of a stateful transport for the caller that got them: 32 random bytes or more,
   * the same in every process that may get a session's next request.
   * @default random: only this process accepts its own ids
   */
  readonly sessionKey?: Uint8Array | undefined
  /**
   * Called for each request whose token is refused, such as for missing scopes. Bound what you log: anyone can send such
   * requests. An error of the callback is dropped.
   *
   * Not called for a request without a token, which learns from the 401 where to sign in, and not for a refused host or
   * origin: the console gets the first of each.
   * @default each text is written to the console once, 20 at most, except that a token expired
   */
  readonly onRefused?: ((refusal: GateRefusal) => void) | undefined
  /** Maximum size of a request body, in bytes. @default 1_048_576 */
  readonly maxBodyBytes?: number | undefined
}

export const optionKeys = [
  'resource',
  'authorizationServer',
  'audience',
  'scopes',
  'guarded',
  'tools',
  'metadata',
  'dpop',
  'introspect',
  'introspectJwts',
  'actors',
  'hosts',
  'origins',
  'sessionKey',
  'onRefused',
  'maxBodyBytes',
  'fetch',
  'clock',
  'timeoutMs',
] as const satisfies readonly (keyof McpResourceServerOptions)[]

const toolRuleKeys = ['scopes', 'acrValues', 'maxAge'] as const satisfies readonly (keyof ToolRules)[]

/** @throws ConfigurationError This is not a profile, such as the settings of a server, which may have an issuer too. */
export function checkProfile(profile: McpResourceServerOptions['authorizationServer'] | undefined): void {
  if (typeof profile === 'function' || typeof profile?.provider === 'string') return
  throw new ConfigurationError(
    'mcpResourceServer.authorizationServer',
    'give a profile such as auth0({ … }) or oidc({ … }), or a function from an issuer to its profile',
  )
}

/** Returns the endpoint's address. */
export function endpointOf(option: string, resource: unknown): URL {
  const url = typeof resource === 'string' && URL.canParse(resource) ? new URL(resource) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(option, 'give the absolute address of the MCP endpoint, without query and fragment')
  }
  return url
}

/**
 * Returns the requirements of each tool. `undefined` if no set of tools is configured.
 *
 * @throws ConfigurationError A name is not that of a guarded tool: its rules would apply to no tool.
 */
export function toolRulesOf({
  guarded,
  tools,
}: Pick<McpResourceServerOptions, 'guarded' | 'tools'>): ReadonlyMap<string, ToolRules> | undefined {
  const at = 'mcpResourceServer.tools'
  for (const [name, rules] of Object.entries(tools ?? {})) refuseUnknownKeys(`${at}.${name}`, rules, toolRuleKeys)
  const own = new Map(Object.entries(tools ?? {}).map(([name, rules]) => [name, copyOf(rules)]))
  if (guarded === undefined) return tools && own
  const { callerScopes } = guarded
  if (!(callerScopes instanceof Map))
    throw new ConfigurationError('mcpResourceServer.guarded', 'give what toMcpTools or guardTools made')
  const unknown = [...own.keys()].find((name) => !callerScopes.has(name))
  if (unknown !== undefined) {
    const names = [...callerScopes.keys()].join(', ')
    throw new ConfigurationError(`${at}.${unknown}`, `is not one of the guarded tools, which are ${names}`)
  }
  return new Map(
    [...callerScopes].map(([name, scopes]) => {
      const rules = own.get(name) ?? {}
      return [name, { ...rules, scopes: [...new Set([...scopes, ...(rules.scopes ?? [])])] }]
    }),
  )
}

/** Copies a list. Any other value stays, and is refused when the rules are checked. */
export const copyOfList = <List>(list: List): List => (Array.isArray(list) ? ([...list] as List) : list)

const copyOf = ({ scopes, acrValues, maxAge }: ToolRules): ToolRules => ({
  ...(scopes !== undefined && { scopes: copyOfList(scopes) }),
  ...(acrValues !== undefined && { acrValues: copyOfList(acrValues) }),
  ...(maxAge !== undefined && { maxAge }),
})

/** Returns every scope that some request needs, which a client may ask for at once. */
export function scopesOf(
  scopes: readonly string[],
  tools: ReadonlyMap<string, ToolRules> | undefined,
): readonly string[] {
  return [...new Set([...scopes, ...[...(tools?.values() ?? [])].flatMap((rules) => rules.scopes ?? [])])]
}

/** Checks the gate's own rules, as `protect` will check them. */
export function checkRules(tools: ReadonlyMap<string, ToolRules> | undefined, scopes: readonly string[]): void {
  const word = /^[\x21\x23-\x5b\x5d-\x7e]+$/
  const lists: (readonly [string, readonly string[] | undefined])[] = [['mcpResourceServer.scopes', scopes]]
  for (const [name, rules] of tools ?? []) {
    lists.push([`mcpResourceServer.tools.${name}.scopes`, rules.scopes])
    lists.push([`mcpResourceServer.tools.${name}.acrValues`, rules.acrValues])
    const { maxAge } = rules
    if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
      throw new ConfigurationError(`mcpResourceServer.tools.${name}.maxAge`, 'give whole seconds, 0 or more')
    }
  }
  for (const [option, list] of lists) {
    if (list === undefined) continue
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string' && word.test(item))) {
      throw new ConfigurationError(option, 'give a list of words, without spaces, quotes and backslashes')
    }
  }
}
