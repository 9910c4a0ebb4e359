/** Scheme by which a token is presented (RFC 6750 §2.1, RFC 9449 §7.1). */
export type Scheme = 'Bearer' | 'DPoP'

/** The answer to give instead. */
export interface Challenged {
  /** Always this value; it discriminates the union. */
  readonly ok: false
  /** Response to send to the caller. */
  readonly response: Response
  /** Reason for the API's own log; never part of the response. */
  readonly reason: string
}

/** Fields of every challenge of an API. */
export interface ChallengeSettings {
  readonly realm: string
  /** Address of the metadata (RFC 9728 §5.1). */
  readonly resourceMetadata: string | undefined
  /** Accepted proof algorithms; `undefined` if DPoP is not accepted. */
  readonly algorithms: readonly string[] | undefined
  readonly dpopRequired: boolean
}

const statusOf = {
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_user_authentication: 401,
  insufficient_scope: 403,
  actor_not_allowed: 403,
} as const

/** Reason why a request is refused, as the client sees it. */
export interface Complaint extends Omit<ChallengeFields, 'realm' | 'resourceMetadata' | 'algorithms'> {
  readonly error: keyof typeof statusOf
  readonly errorDescription: string
}

export interface RefusalOptions {
  /** Scheme by which the request presented its token. `undefined`: there was no token. */
  readonly scheme: Scheme | undefined
  /** Error of the request. Absent: the request had no credentials, and no error is named (RFC 6750 §3.1). */
  readonly complaint?: Complaint
  /** Scopes that the request needs, for a client without credentials: it need not ask for more. */
  readonly scopes?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The answer to a request that may not pass.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 | RFC 6750 §3}
 */
export function refuse(settings: ChallengeSettings, reason: string, options: RefusalOptions): Challenged {
  const { complaint, scopes = [] } = options
  const challenges = schemesOf(settings, options.scheme).map((scheme) => {
    const { realm, resourceMetadata, algorithms } = settings
    const parameters = challengeParameters({
      ...(scopes.length > 0 && { scopes }),
      ...complaint,
      realm,
      resourceMetadata,
      algorithms: scheme === 'DPoP' ? algorithms : undefined,
    })
    return `${scheme} ${parameters}`
  })
  const headers = { 'www-authenticate': challenges.join(', '), 'cache-control': 'no-store', ...options.headers }
  if (complaint === undefined) return { ok: false, reason, response: new Response(null, { status: 401, headers }) }
  const body = { error: complaint.error, error_description: complaint.errorDescription }
  return { ok: false, reason, response: Response.json(body, { status: statusOf[complaint.error], headers }) }
}

/**
 * Returns the schemes to name. A request without a token gets every scheme; a request with a token gets the scheme that
 * would be right.
 */
function schemesOf({ algorithms, dpopRequired }: ChallengeSettings, scheme: Scheme | undefined): readonly Scheme[] {
  if (algorithms === undefined) return ['Bearer']
  if (dpopRequired) return ['DPoP']
  return scheme === undefined ? ['Bearer', 'DPoP'] : [scheme]
}

/** Parameters of a challenge, in our words. */
interface ChallengeFields {
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
  /** Details that would satisfy the request, as base64url of JSON. */
  readonly remediation?: string | undefined
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
    authorization_remediation: fields.remediation,
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
