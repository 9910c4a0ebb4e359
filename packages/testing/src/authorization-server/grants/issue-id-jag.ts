import { epochSeconds } from '../../clock.ts'
import { optional, required } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { GrantRequest, SharedServer } from '../server-facts.ts'
import { type OwnToken, TOKEN_TYPE } from '../tokens/subject-token.ts'

const ID_JAG_SECONDS = 300

/**
 * Asserts a user to another authorization server (Cross App Access): the employer's side.
 *
 * `audience` is the issuer of that server, one that this server asserts to. The client has the same name at both. Bound
 * to the key of the DPoP proof, if the request has one.
 *
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/ | ID-JAG}
 */
export async function issueIdJag(
  server: SharedServer,
  { client, parameters, proof }: GrantRequest,
  subject: OwnToken,
): Promise<object> {
  if (required(parameters, 'subject_token_type') !== TOKEN_TYPE.idToken) {
    throw new Refusal('invalid_request', 'an ID-JAG is issued for an id_token')
  }
  const [audience, ...more] = parameters.getAll('audience')
  if (audience === undefined || more.length > 0 || !server.assertsTo.includes(audience)) {
    throw new Refusal('invalid_target', 'audience is no authorization server that users are asserted to')
  }
  const now = epochSeconds(server.clock)
  const email = server.state.users.get(subject.sub)?.email
  const resource = optional(parameters, 'resource')
  const scope = optional(parameters, 'scope')
  const claims = {
    iss: server.issuer,
    sub: subject.sub,
    aud: audience,
    client_id: client.clientId,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + ID_JAG_SECONDS,
    ...(email !== undefined && { email }),
    ...(resource !== undefined && { resource }),
    ...(scope !== undefined && { scope }),
    ...(proof !== undefined && { cnf: { jkt: proof.thumbprint } }),
  }
  return {
    access_token: await (await server.key).sign(claims, 'oauth-id-jag+jwt'),
    issued_token_type: TOKEN_TYPE.idJag,
    // RFC 8693 §2.2.1: the issued token is no access token.
    token_type: 'N_A',
    expires_in: ID_JAG_SECONDS,
    ...(scope !== undefined && { scope }),
  }
}
