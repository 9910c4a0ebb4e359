import { createLocalJWKSet, jwtVerify } from 'jose'
import { Refusal } from '../../http/refusal.ts'
import type { MockClient } from '../options.ts'
import { redeemOnce, type SharedServer } from '../server-facts.ts'

/** A request may be this old, in seconds. */
const MAX_AGE = 60
const MAX_AUDIT_CHARACTERS = 256

/**
 * Verifies the signed request of a privileged worker for a user's upstream token.
 * @returns the user that it names.
 * @see {@link https://auth0.com/docs/secure/call-apis-on-users-behalf/token-vault/privileged-worker-token-exchange-with-token-vault | Auth0: Privileged Worker}
 */
export async function verifyWorkerRequest(
  server: SharedServer,
  client: MockClient,
  token: string,
  invalid: (description: string) => Refusal,
): Promise<string> {
  if (client.privilegedWorker !== true || client.publicKeys === undefined) {
    throw new Refusal('unauthorized_client', `client ${client.clientId} is no privileged worker`)
  }
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...client.publicKeys] }), {
    issuer: client.clientId,
    audience: server.issuer,
    typ: 'token-vault-req+jwt',
    requiredClaims: ['sub', 'iat', 'jti'],
    maxTokenAge: MAX_AGE,
    currentDate: new Date(server.clock.now()),
  }).catch(() => {
    throw invalid('subject_token is no valid request of this worker, or too old')
  })
  const audit = payload.audit_context
  if (typeof audit !== 'string' || audit.length < 1 || audit.length > MAX_AUDIT_CHARACTERS) {
    throw invalid(`audit_context is a text of 1 to ${MAX_AUDIT_CHARACTERS} characters`)
  }
  redeemOnce(server, `worker ${client.clientId} ${payload.jti}`, () => invalid('jti was used before'))
  return payload.sub as string
}
