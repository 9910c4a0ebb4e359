import type { CryptoKey } from 'jose'
import { SignJWT } from 'jose/jwt/sign'
import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { Token } from '../../credential/index.ts'
import type { VaultRequest } from '../vault.ts'

/**
 * A Privileged Worker: a client that may ask for a user's tokens with no session of theirs, by a signed request.
 *
 * @see {@link https://auth0.com/docs/secure/call-apis-on-users-behalf/token-vault/privileged-worker-token-exchange-with-token-vault | Auth0: Privileged Worker}
 */
export interface Auth0Worker {
  /** Signs the requests; its public half is registered with the client. */
  readonly privateKey: CryptoKey
  /** JWS algorithm of the requests, such as `RS256`. */
  readonly algorithm: string
  /** `kid`, where several keys are registered. */
  readonly keyId?: string
  /**
   * Returns the reason for the request, for Auth0's log. It must hold no secret. The log always holds the delegation's
   * id before it: together, at most 256 characters.
   */
  readonly auditContext?: (request: VaultRequest) => string
}

/** Lifetime of a request, in seconds. Auth0 accepts requests that are at most one minute old. */
const LIFE_SECONDS = 60
const MAX_AUDIT_CHARACTERS = 256

/** @throws ConfigurationError An option is unknown or wrong. */
export function checkWorker(worker: Auth0Worker): Auth0Worker {
  refuseUnknownKeys('auth0TokenVault.worker', worker, ['privateKey', 'algorithm', 'keyId', 'auditContext'])
  if (worker.privateKey?.type !== 'private') {
    throw new ConfigurationError('auth0TokenVault.worker.privateKey', 'give a private CryptoKey')
  }
  requireText('auth0TokenVault.worker.algorithm', worker.algorithm)
  return { ...worker }
}

type WorkerRequest = VaultRequest & Required<Pick<VaultRequest, 'delegation'>>

/** Makes a signed request for one user's token; used once. @param now - Epoch milliseconds. */
export async function workerToken(
  { privateKey, algorithm, keyId, auditContext }: Auth0Worker,
  request: WorkerRequest,
  clientId: string,
  now: number,
): Promise<Token> {
  const issuedAt = Math.floor(now / 1000)
  const jwt = await new SignJWT({ audit_context: auditText(request, auditContext) })
    .setProtectedHeader({ alg: algorithm, typ: 'token-vault-req+jwt', ...(keyId !== undefined && { kid: keyId }) })
    .setIssuer(clientId)
    .setSubject(request.identity.subject)
    .setAudience(request.identity.issuer)
    .setJti(crypto.randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFE_SECONDS)
    .sign(privateKey)
  return new Token(jwt)
}

/** Builds the text that links the token in Auth0's log to what its user agreed to. */
function auditText(request: WorkerRequest, auditContext: Auth0Worker['auditContext']): string {
  const because = auditContext?.(request)
  const text = `delegation:${request.delegation.id}${because === undefined ? '' : ` ${because}`}`
  if (because !== '' && text.length <= MAX_AUDIT_CHARACTERS) return text
  throw new ConfigurationError(
    'auth0TokenVault.worker.auditContext',
    `give text; with the delegation's id it has ${MAX_AUDIT_CHARACTERS} characters at most`,
  )
}
