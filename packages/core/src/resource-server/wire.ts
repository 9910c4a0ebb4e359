/** Parameters of a challenge, in our words. */
export interface ChallengeFields {
  readonly realm?: string | undefined
  readonly resourceMetadata?: string | undefined
  readonly algorithms?: readonly string[] | undefined
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
  /** Every scope that would do. */
  readonly scopes?: readonly string[] | undefined
  readonly acrValues?: readonly string[] | undefined
  /** Seconds. */
  readonly maxAge?: number | undefined
}

/** `auth-param`s, each a quoted string. Callers give texts without quotes and backslashes. */
export function challengeParameters(fields: ChallengeFields): string {
  const parameters: Readonly<Record<string, string | undefined>> = {
    realm: fields.realm,
    error: fields.error,
    error_description: fields.errorDescription,
    scope: words(fields.scopes),
    acr_values: words(fields.acrValues),
    max_age: fields.maxAge?.toString(),
    resource_metadata: fields.resourceMetadata,
    algs: words(fields.algorithms),
  }
  return Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]))
    .join(', ')
}

function words(list: readonly string[] | undefined): string | undefined {
  return list === undefined || list.length === 0 ? undefined : list.join(' ')
}

/** Description of the API, with this SDK's names. */
export interface MetadataFields {
  readonly resource: string
  readonly authorizationServers: readonly string[]
  readonly scopes?: readonly string[] | undefined
  readonly name?: string | undefined
  readonly documentation?: string | undefined
  readonly policy?: string | undefined
  readonly termsOfService?: string | undefined
  readonly authorizationDetailsTypes?: readonly string[] | undefined
  readonly proofAlgorithms?: readonly string[] | undefined
  readonly dpopRequired?: boolean | undefined
}

/**
 * The metadata document. A parameter without a value is left out, as is an empty list.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-2 | RFC 9728 §2}
 */
export function metadataDocument(fields: MetadataFields): Readonly<Record<string, unknown>> {
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
