import * as z from 'zod/mini'
import { InvalidResponseError } from '../base/errors/index.ts'
import { defined } from '../base/values/index.ts'
import type { ProfileEndpoints, UnpublishedEndpoints } from './profiles/profile.ts'
import type {
  BackchannelAcknowledgement,
  DeviceAuthorization,
  IntrospectionResponse,
  ServerEndpoints,
  TokenResponse,
} from './server.ts'
import { readScopes } from './tokens/scopes.ts'
import { isLifetime } from './tokens/times.ts'

/**
 * Members of RFC 8414 and OpenID Connect Discovery metadata, and RFC 9207 §3, that this SDK relies on. Endpoints are
 * checked when used.
 */
const serverMetadata = z.looseObject({
  issuer: z.string(),
  jwks_uri: z.optional(z.url()),
  authorization_endpoint: z.optional(z.string()),
  revocation_endpoint: z.optional(z.string()),
  userinfo_endpoint: z.catch(z.optional(z.string()), undefined),
  end_session_endpoint: z.catch(z.optional(z.string()), undefined),
  authorization_response_iss_parameter_supported: z.catch(z.optional(z.boolean()), undefined),
})

export interface ServerMetadata {
  readonly issuer: string
  readonly jwksUri?: string
  readonly endpoints: Omit<ServerEndpoints, 'now'>
}

/** Returns endpoints as metadata (RFC 8414 §2, RFC 9207 §3). */
export const metadataOf = (endpoints: Partial<ProfileEndpoints> & UnpublishedEndpoints) =>
  defined({
    authorization_endpoint: endpoints.authorization,
    token_endpoint: endpoints.token,
    revocation_endpoint: endpoints.revocation,
    introspection_endpoint: endpoints.introspection,
    device_authorization_endpoint: endpoints.deviceAuthorization,
    authorization_response_iss_parameter_supported: endpoints.namesIssuer,
  })

/** @throws InvalidResponseError */
export function readServerMetadata(json: unknown): ServerMetadata {
  const wire = parse(serverMetadata, json, "the authorization server's metadata")
  const endpoints = defined({
    authorization: wire.authorization_endpoint,
    revocation: wire.revocation_endpoint,
    userInfo: wire.userinfo_endpoint,
    endSession: wire.end_session_endpoint,
    namesIssuer: wire.authorization_response_iss_parameter_supported === true,
  })
  return defined({ issuer: wire.issuer, jwksUri: wire.jwks_uri, endpoints })
}

/** Schema of `expires_in`. */
export const lifetime = z.pipe(
  z.unknown().check(z.refine(isLifetime, 'no positive number of seconds, or its digits')),
  z.transform(Number),
)

/** RFC 6749 §5.1, RFC 8693 §2.2.1, RFC 9396 §7. */
const tokenResponse = z.looseObject({
  access_token: z.string().check(z.minLength(1)),
  token_type: z.string().check(z.minLength(1)),
  issued_token_type: z.optional(z.string()),
  expires_in: z.optional(lifetime),
  refresh_token: z.optional(z.string()),
  id_token: z.optional(z.string()),
  // Read separately: not every server writes it as RFC 6749 §3.3 defines it.
  scope: z.optional(z.unknown()),
  authorization_details: z.optional(z.array(z.looseObject({ type: z.string() }))),
})

/** @throws InvalidResponseError */
export function readTokenResponse(json: unknown): TokenResponse {
  const wire = parse(tokenResponse, json, 'a token response')
  const scopes = readScopes(wire.scope)
  if (scopes === 'unreadable') {
    throw new InvalidResponseError('a token response is malformed (scope: no text and no list of scopes)')
  }
  return defined({
    accessToken: wire.access_token,
    tokenType: readTokenType(wire.token_type),
    issuedTokenType: wire.issued_token_type,
    expiresIn: wire.expires_in,
    refreshToken: wire.refresh_token,
    idToken: wire.id_token,
    scopes,
    authorizationDetails: wire.authorization_details,
  })
}

/** Reads the type of a token, without regard to case (RFC 6749 §7.1). A token of an unknown type must not be used. */
function readTokenType(value: string): TokenResponse['tokenType'] {
  const type = value.toLowerCase()
  if (type === 'bearer' || type === 'dpop' || type === 'n_a') return type
  throw new InvalidResponseError(`a token response has an unknown type: ${JSON.stringify(type.slice(0, 50))}`)
}

/** Minimum poll interval, in seconds, even if the server names a shorter one. */
const MIN_INTERVAL_SECONDS = 1

/** Schema of a backchannel authentication response (CIBA Core §7.3). */
const acknowledgement = z.looseObject({
  auth_req_id: z.string().check(z.minLength(1)),
  expires_in: lifetime,
  interval: z._default(z.number().check(z.positive()), 5),
})

/** @throws InvalidResponseError */
export function readAcknowledgement(json: unknown): BackchannelAcknowledgement {
  const wire = parse(acknowledgement, json, 'a backchannel acknowledgement')
  return {
    authReqId: wire.auth_req_id,
    expiresIn: wire.expires_in,
    interval: Math.max(MIN_INTERVAL_SECONDS, wire.interval),
  }
}

/** Schema of a device authorization response (RFC 8628 §3.2). */
const deviceAuthorization = z.looseObject({
  device_code: z.string().check(z.minLength(1)),
  user_code: z.string().check(z.minLength(1)),
  verification_uri: z.string().check(z.minLength(1)),
  verification_uri_complete: z.optional(z.string()),
  expires_in: lifetime,
  interval: z._default(z.number().check(z.positive()), 5),
})

/** @throws InvalidResponseError */
export function readDeviceAuthorization(json: unknown): DeviceAuthorization {
  const wire = parse(deviceAuthorization, json, 'a device authorization answer')
  return defined({
    deviceCode: wire.device_code,
    userCode: wire.user_code,
    verificationUri: wire.verification_uri,
    verificationUriComplete: wire.verification_uri_complete,
    expiresIn: wire.expires_in,
    interval: wire.interval,
  })
}

/** Schema of an introspection response (RFC 7662 §2.2). */
const introspection = z.looseObject({ active: z.boolean() })

/** @throws InvalidResponseError */
export function readIntrospection(json: unknown): IntrospectionResponse {
  const { active, ...claims } = parse(introspection, json, 'an introspection answer')
  return { active, claims }
}

/** Schema of an error response (RFC 6749 §5.2). */
const errorResponse = z.looseObject({
  error: z.string().check(z.minLength(1)),
  error_description: z.catch(z.optional(z.string()), undefined),
  // The fields that RFC 9470 §3 defines for an API, sent by an authorization server (ID-JAG §8.2).
  acr_values: z.catch(z.optional(z.string()), undefined),
  max_age: z.catch(z.optional(z.number().check(z.nonnegative())), undefined),
})

export interface ErrorResponse {
  readonly error: string
  readonly errorDescription?: string
  readonly acrValues?: readonly string[]
  readonly maxAge?: number
}

/** Reads an OAuth error response. `undefined` if it is not one. */
export function readErrorResponse(json: unknown): ErrorResponse | undefined {
  const { success, data } = errorResponse.safeParse(json)
  if (!success) return undefined
  const { error, error_description: errorDescription, acr_values: acrValues, max_age: maxAge } = data
  return defined({ error, errorDescription, acrValues: acrValues?.split(' ').filter(Boolean), maxAge })
}

function parse<Output>(schema: z.ZodMiniType<Output>, json: unknown, what: string): Output {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  // Paths and expectations only: zod's issues do not repeat the values.
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new InvalidResponseError(`${what} is malformed (${problems.join('; ')})`)
}
