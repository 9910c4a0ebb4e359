import { ConfigurationError } from '../base/errors/index.ts'
import { isLoopback, namesOf, refuseUnknownKeys, requireText, requireTexts, scopeList } from '../base/values/index.ts'
import type { DpopRules } from './dpop-options.ts'
import type { ProtectedRequest } from './read-access-token.ts'

/** Description of the API for clients that do not know it yet. */
export interface MetadataOptions {
  /** Identifier of the API. @default the audience, if there is one and it is a web address */
  readonly resource?: string | undefined
  /** Issuers whose tokens are accepted. @default the profile's, if there is one */
  readonly authorizationServers?: readonly string[] | undefined
  /** Scopes worth asking for. */
  readonly scopes?: readonly string[] | undefined
  /** Display name, for people. */
  readonly name?: string | undefined
  /** Pages for developers and users. */
  readonly documentation?: string | undefined
  /** Page on how clients may use the data of the API. */
  readonly policy?: string | undefined
  /** Page with the terms of service. */
  readonly termsOfService?: string | undefined
  /** `type` values of authorization details that this API accepts. */
  readonly authorizationDetailsTypes?: readonly string[] | undefined
}

const optionKeys = namesOf<MetadataOptions>(
  'resource',
  'authorizationServers',
  'scopes',
  'name',
  'documentation',
  'policy',
  'termsOfService',
  'authorizationDetailsTypes',
)

/** The metadata document, and where it is. */
export interface ResourceMetadata {
  readonly url: string
  readonly document: Readonly<Record<string, unknown>>
  /** The answer to a request for the document; `undefined` for any other address. */
  answer(request: Pick<ProtectedRequest, 'url' | 'method'>): Response | undefined
}

export interface MetadataDefaults {
  readonly audience: readonly string[]
  readonly issuer: string | undefined
  readonly dpop: DpopRules | undefined
}

/**
 * Describes a protected resource.
 *
 * @throws ConfigurationError The identifier or the issuers are missing, or an address is invalid.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-2 | RFC 9728 §2}
 */
export function resourceMetadata(
  option: string,
  options: MetadataOptions,
  defaults: MetadataDefaults,
): ResourceMetadata {
  refuseUnknownKeys(option, options, optionKeys)
  const { dpop } = defaults
  const identifier = options.resource ?? (defaults.audience.length === 1 ? defaults.audience[0] : undefined)
  const resource = webAddress(`${option}.resource`, identifier)
  const issuers = options.authorizationServers ?? (defaults.issuer === undefined ? undefined : [defaults.issuer])
  if (issuers === undefined) {
    throw new ConfigurationError(
      `${option}.authorizationServers`,
      'with several issuers, name those that clients may use',
    )
  }
  const { scopes, name, documentation, policy, termsOfService, authorizationDetailsTypes: types } = options
  const page = (key: string, value: string | undefined) => value && webAddress(`${option}.${key}`, value)
  const document = metadataDocument({
    resource,
    authorizationServers: requireTexts(`${option}.authorizationServers`, issuers),
    scopes: scopes && scopeList(`${option}.scopes`, scopes),
    name: name && requireText(`${option}.name`, name),
    documentation: page('documentation', documentation),
    policy: page('policy', policy),
    termsOfService: page('termsOfService', termsOfService),
    authorizationDetailsTypes: types && requireTexts(`${option}.authorizationDetailsTypes`, types),
    proofAlgorithms: dpop?.algorithms,
    dpopRequired: dpop?.required,
  })
  const url = metadataUrl(resource)
  return { url, document, answer: (request) => answer(request, url, document) }
}

/**
 * Returns the metadata's address: the well-known part is between host and path, and a query is kept.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-3.1 | RFC 9728 §3.1}
 */
function metadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}${search}`
}

function answer(
  { url: asked, method }: Pick<ProtectedRequest, 'url' | 'method'>,
  url: string,
  document: Readonly<Record<string, unknown>>,
): Response | undefined {
  // The host may differ behind a proxy, so the identifier decides.
  const { pathname, search } = new URL(asked)
  const here = new URL(url)
  if (pathname !== here.pathname || search !== here.search) return undefined
  if (method !== 'GET' && method !== 'HEAD') return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'public, max-age=3600',
    // Clients in browsers read it too, and nothing in it is secret.
    'access-control-allow-origin': '*',
  }
  return new Response(method === 'HEAD' ? null : JSON.stringify(document), { headers })
}

/** Checks a web address. A challenge quotes it, and the URL parser removes quotes and backslashes. */
function webAddress(option: string, value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
  if (url === undefined || !secure || /[#\s"\\]/.test(value as string)) {
    throw new ConfigurationError(option, 'give an https address without a fragment (RFC 9728 §1.2)')
  }
  return value as string
}

/** Description of the API, with this SDK's names. */
interface MetadataFields extends MetadataOptions {
  readonly resource: string
  readonly authorizationServers: readonly string[]
  readonly proofAlgorithms?: readonly string[] | undefined
  readonly dpopRequired?: boolean | undefined
}

/**
 * The metadata document. A parameter without a value is left out, as is an empty list.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-2 | RFC 9728 §2}
 */
function metadataDocument(fields: MetadataFields): Readonly<Record<string, unknown>> {
  const document: Readonly<Record<string, unknown>> = {
    resource: fields.resource,
    authorization_servers: fields.authorizationServers,
    scopes_supported: fields.scopes,
    bearer_methods_supported: ['header'],
    resource_name: fields.name,
    resource_documentation: fields.documentation,
    resource_policy_uri: fields.policy,
    resource_tos_uri: fields.termsOfService,
    authorization_details_types_supported: fields.authorizationDetailsTypes,
    dpop_signing_alg_values_supported: fields.proofAlgorithms,
    dpop_bound_access_tokens_required: fields.dpopRequired === true ? true : undefined,
  }
  return Object.fromEntries(
    Object.entries(document).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  )
}
