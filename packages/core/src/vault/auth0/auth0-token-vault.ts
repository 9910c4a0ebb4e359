import type { CryptoKey } from 'jose'
import { SignJWT } from 'jose/jwt/sign'
import type { UserIdentity } from '../../base/contract/index.ts'
import { type AnyBehalfError, BehalfError, ConfigurationError, InvalidResponseError } from '../../base/errors/index.ts'
import { refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { Token } from '../../credential/index.ts'
import { type SubjectToken, subjectTokenOf } from '../../identity/subject-token.ts'
import type { TokenResponse } from '../../oauth/server.ts'
import { checkNewToken } from '../../oauth/tokens/new-tokens.ts'
import { answerOfError } from '../fault-answer.ts'
import {
  connectPageUrl,
  requestOf,
  type Vault,
  type VaultAnswer,
  type VaultContext,
  type VaultRequest,
} from '../vault.ts'
import {
  federatedConnectionGrant,
  federatedConnectionRequest,
  federatedConnectionToken,
  subjectTokenTypes,
  workerIssuedToken,
} from '../wire.ts'

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
function checkWorker(worker: Auth0Worker): Auth0Worker {
  refuseUnknownKeys('auth0TokenVault.worker', worker, ['privateKey', 'algorithm', 'keyId', 'auditContext'])
  if (worker.privateKey?.type !== 'private') {
    throw new ConfigurationError('auth0TokenVault.worker.privateKey', 'give a private CryptoKey')
  }
  requireText('auth0TokenVault.worker.algorithm', worker.algorithm)
  return { ...worker }
}

type WorkerRequest = VaultRequest & Required<Pick<VaultRequest, 'delegation'>>

/** Makes a signed request for one user's token; used once. @param now - Epoch milliseconds. */
async function workerToken(
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

/** The Auth0 tenant, and the credentials for its vault. */
export interface Auth0TokenVaultOptions {
  /**
   * Returns the token that proves the user to Auth0: an access token of the API that the agent's client is (Custom API
   * Client), or a refresh token of its own (rotation must be off).
   * @default the token behind the verified identity
   */
  readonly subjectToken?: (identity: UserIdentity) => SubjectToken | undefined
  /**
   * Privileged Worker for work without a present user. Under a delegation that was created with it, a signed request
   * replaces the user's own token. Not used for other calls.
   */
  readonly worker?: Auth0Worker
  /** The page on which the user connects accounts, for interrupts: absolute, and without secrets. */
  readonly connectPage?: string
}

/**
 * Auth0 Token Vault: exchanges the user's Auth0 token for the access token of a linked account.
 *
 * Links no account, and does not narrow the scopes of a linked account. Does not retry and does not cache. Returns
 * every expected refusal as a value; throws only if the answer breaks the protocol.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://auth0.com/docs/api/authentication/token-vault-token-exchange/get-token | Auth0: Token Vault exchange}
 */
export function auth0TokenVault(options: Auth0TokenVaultOptions = {}): Vault {
  refuseUnknownKeys('auth0TokenVault', options, ['subjectToken', 'worker', 'connectPage'])
  const worker = options.worker && checkWorker(options.worker)
  const { subjectToken = subjectTokenOf } = options
  if (typeof subjectToken !== 'function')
    throw new ConfigurationError('auth0TokenVault.subjectToken', 'give a function')
  return Object.freeze({
    specificationVersion: 1,
    hasWorkerGrant: worker !== undefined,
    token: async (given: VaultRequest, { ...context }: VaultContext): Promise<VaultAnswer> => {
      const request = requestOf(given)
      const { delegation, identity } = request
      if (worker === undefined || delegation === undefined) {
        return askVault(request, context, subjectToken(identity))
      }
      if (delegation.id !== identity.delegationId) {
        return { status: 'misconfigured', detail: 'the worker was asked under a delegation that is not the identity’s' }
      }
      const { clientId } = context.authorizationServers.of(request.identity.issuer).profile
      const token = await workerToken(worker, { ...request, delegation }, clientId, context.now)
      return askVault(request, context, { token, type: 'jwt' }, workerIssuedToken)
    },
    connectUrl: connectPageUrl('auth0TokenVault.connectPage', options.connectPage),
  })
}

async function askVault(
  request: VaultRequest,
  context: VaultContext,
  subjectToken: SubjectToken | undefined,
  wantedType = federatedConnectionToken,
): Promise<VaultAnswer> {
  if (subjectToken === undefined) {
    return { status: 'login_required', detail: 'the identity came without a token that Auth0 could know the user by' }
  }
  const isSigned = wantedType === workerIssuedToken
  const type = subjectTokenTypes.get(subjectToken.type)
  // A `jwt` from elsewhere than our own signature proves nothing to Auth0.
  if (type === undefined || (subjectToken.type === 'jwt') !== isSigned) {
    return { status: 'misconfigured', detail: `Auth0 Token Vault takes no ${subjectToken.type} as subject token` }
  }
  const server = context.authorizationServers.of(request.identity.issuer)
  const parameters = federatedConnectionRequest(request, subjectToken, type, wantedType)
  try {
    const response = await server.grant(federatedConnectionGrant, parameters, { signal: context.signal })
    checkNewToken(response, { handedIn: [subjectToken.token] })
    return answerOf(request, response, context.now, wantedType)
  } catch (error) {
    // Recognized by their code: the servers may come from another copy of this package.
    if (!BehalfError.isInstance(error)) throw error
    const fault = error as AnyBehalfError
    if (fault.code === 'ERR_OAUTH_RESPONSE') return answerOfError(fault)
    if (fault.code !== 'ERR_TRANSPORT') throw error
    const { message: detail, retryAfter } = fault
    return { status: 'unavailable', detail, ...(retryAfter !== undefined && { retryAfter }) }
  }
}

function answerOf(request: VaultRequest, response: TokenResponse, now: number, wantedType: string): VaultAnswer {
  const { issuedTokenType = wantedType, tokenType, expiresIn } = response
  if (issuedTokenType !== wantedType || tokenType !== 'bearer') {
    throw new InvalidResponseError('the vault issued a token of another type than was asked; the token was dropped')
  }
  // RFC 6749 §5.1: absent means as asked. More than was asked is the account's own business, and recorded.
  const scopes = response.scopes ?? request.scopes
  const missing = request.scopes.filter((scope) => !scopes.includes(scope))
  if (missing.length > 0) {
    return { status: 'needs_scopes', detail: `the account was linked without ${missing.join(', ')}` }
  }
  return {
    status: 'token',
    token: new Token(response.accessToken),
    ...(expiresIn !== undefined && { expiresAt: Math.floor(now / 1000) + expiresIn }),
    scopes,
  }
}
