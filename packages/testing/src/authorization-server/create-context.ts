import type { Clock } from '@behalf/core'
import type { MockAuthorizationServerOptions } from './options.ts'
import { endpointsOf, type ServerContext } from './server-context.ts'
import { factsOf } from './server-facts.ts'
import { initialState } from './state.ts'
import { issueAccessToken } from './tokens/issue-tokens.ts'
import { makePrivateKey, signingKeyOf } from './tokens/signing-key.ts'

export function createContext(options: MockAuthorizationServerOptions, clock: Clock): ServerContext {
  const { rolesClaim = 'roles' } = options
  const context: ServerContext = {
    ...factsOf(options),
    issuer: options.issuer,
    endpoints: endpointsOf(options.issuer),
    connections: new Map((options.connections ?? []).map((connection) => [connection.name, connection])),
    key: makePrivateKey(options.algorithm ?? 'RS256').then(signingKeyOf),
    clock,
    rolesClaim,
    clientIdClaim: options.clientIdClaim ?? 'client_id',
    ciba: {
      interval: 5,
      expiresIn: 300,
      maxExpiresIn: 259_200,
      expiryError: 'expired_token',
      bindingMessageRequired: false,
      ...options.ciba,
    },
    requiresPushedRequests: options.requiresPushedRequests === true,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    nonceSecret: crypto.getRandomValues(new Uint8Array(32)),
    state: initialState(options.users),
    writeRoles: ({ roles }) => (roles === undefined ? {} : { [rolesClaim]: roles }),
    isRevoked: (tokenId) => context.state.grantsByTokenId.get(tokenId)?.revoked === true,
    async refreshTokenUser(token, clientId) {
      const grant = context.state.refreshTokens.get(token)?.grant
      return grant === undefined || grant.revoked || grant.clientId !== clientId ? undefined : grant.session.subject
    },
    issueAccessToken: (request) => issueAccessToken(context, request),
  }
  return context
}
