import {
  type GrantRequest,
  type GrantServer,
  grantedScopes,
  Refusal,
  required,
  requireOwnAudience,
  sessionOf,
  TOKEN_TYPE,
  verifyOwnToken,
  words,
} from '@behalf/testing/authorization-server'

/**
 * Entra's on-behalf-of: the assertion is an access token for the client itself, the target a part of each scope, and
 * the new token names only the user. The answer is that of a plain grant, its scopes with their target.
 *
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow | On-behalf-of at Entra}
 */
export async function onBehalfOf(server: GrantServer, { client, parameters }: GrantRequest): Promise<object> {
  const type = TOKEN_TYPE.accessToken
  const assertion = required(parameters, 'assertion')
  const invalid = (description: string) => new Refusal('invalid_grant', description)
  const subject = await verifyOwnToken(server, assertion, type, 'assertion', invalid)
  requireOwnAudience(server, client, subject, type)
  const targets = words(required(parameters, 'scope')).map(splitScope)
  const audience = [...new Set(targets.map(({ resource }) => resource))]
  if (audience.length !== 1) throw new Refusal('invalid_scope', 'scopes of one API only')
  const [resource = ''] = audience
  if (!server.resources.has(resource)) throw new Refusal('invalid_target', `no such API: ${resource}`)
  const requested = targets.map(({ scope }) => scope)
  const answer = await server.issueAccessToken({
    clientId: client.clientId,
    subject: subject.sub,
    audience,
    scopes: grantedScopes(server, { client, subject: subject.sub, requested, audience }),
    session: sessionOf(subject),
    chainOf: subject.jti,
    notAfter: subject.exp,
  })
  const scopes = words(answer.scope).map((word) => `${resource}/${word}`)
  return { ...answer, scope: scopes.join(' ') }
}

/** Splits a scope. Its own name has no slash; the target may end with one, and then there are two. */
function splitScope(text: string): { readonly resource: string; readonly scope: string } {
  const at = text.lastIndexOf('/')
  if (at < 1) throw new Refusal('invalid_scope', `the scope names no API: ${text}`)
  return { resource: text.slice(0, at), scope: text.slice(at + 1) }
}
