import { type CryptoKey, SignJWT } from 'jose'
import { Token } from '../credential/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys, requireText } from '../lib/index.ts'
import type { VaultRequest } from './vault.ts'

/**
 * A Privileged Worker: a client that may ask for a user's tokens with no session of theirs, by a signed request.
 *
 * @see {@link https://auth0.com/docs/secure/call-apis-on-users-behalf/token-vault/privileged-worker-token-exchange-with-token-vault | Auth0: Privileged Worker}
 */
export interface Auth0Worker {
  /** Signs the requests; its public half is registered with the client. */
  readonly privateKey: CryptoKey
  readonly algorithm: string
  /** `kid`, where several keys are registered. */
  readonly keyId?: string
  /** Why the token is wanted, for Auth0's log: 1 to 256 characters, and no secret. */
  readonly auditContext?: (request: VaultRequest) => string
}

/** Auth0 takes requests that are at most a minute old. */
const LIFE_SECONDS = 60

/** @throws ConfigurationError An option is unknown or wrong. */
export function checkWorker(worker: Auth0Worker): Auth0Worker {
  refuseUnknownKeys('auth0TokenVault.worker', worker, ['privateKey', 'algorithm', 'keyId', 'auditContext'])
  if (worker.privateKey?.type !== 'private') {
    throw new ConfigurationError('auth0TokenVault.worker.privateKey', 'give a private CryptoKey')
  }
  requireText('auth0TokenVault.worker.algorithm', worker.algorithm)
  return worker
}

/** A signed request for one user's token; used once. @param now - Epoch milliseconds. */
export async function workerToken(
  { privateKey, algorithm, keyId, auditContext }: Auth0Worker,
  request: VaultRequest,
  clientId: string,
  now: number,
): Promise<Token> {
  const issuedAt = Math.floor(now / 1000)
  const context = auditContext?.(request)
  if (context !== undefined && (context.length < 1 || context.length > 256)) {
    throw new ConfigurationError('auth0TokenVault.worker.auditContext', 'give 1 to 256 characters')
  }
  const jwt = await new SignJWT({ ...(context !== undefined && { audit_context: context }) })
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
