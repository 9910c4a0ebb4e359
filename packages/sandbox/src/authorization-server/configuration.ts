import { randomBytes } from 'node:crypto'
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { askedDetails, detailsOf, narrowedDetails, requireDetailType } from './authorization-details.ts'
import { bindingMessageProblem, hintedSubject, keepPace } from './ciba.ts'
import { clientMetadata } from './client-metadata.ts'
import { DEVICE_PATH, devicePages, interactionPath, logoutPages, withPages } from './pages/index.ts'
import { sender } from './sender.ts'
import { clientOf, resourceOf, type ServerContext, secondsOf } from './server-context.ts'
import { agree, refusePage, withoutPages } from './sign-in.ts'
import { tokenClaims, userClaims } from './token-claims.ts'
import { USER_INFO_PATH } from './user-info.ts'

/** Paths of the endpoints: the same as at the mocked server. */
const ROUTES = {
  authorization: '/authorize',
  backchannel_authentication: '/bc-authorize',
  code_verification: DEVICE_PATH,
  device_authorization: '/oauth/device/code',
  end_session: '/logout',
  introspection: '/oauth/introspect',
  jwks: '/.well-known/jwks.json',
  pushed_authorization_request: '/oauth/par',
  registration: '/oauth/register',
  revocation: '/oauth/revoke',
  token: '/oauth/token',
  userinfo: USER_INFO_PATH,
}

const HOUR = 3600

/**
 * Configures the library: no pages, no warnings, records in memory.
 *
 * @param contextOf - Returns the context. It contains the provider that is made from this configuration, so it is read
 *   at each request.
 */
export function configurationOf(
  context: Omit<ServerContext, 'provider'>,
  contextOf: () => ServerContext,
): Configuration {
  const { options, records, key, algorithm } = context
  const detailTypes = detailTypesOf(context)
  const accessTokenSeconds = options.accessTokenSeconds ?? HOUR
  const roleClaims = context.parts?.roles.claims ?? [options.rolesClaim ?? 'roles']
  const claimNames = options.users.flatMap((user) => Object.keys(user.claims ?? {}))
  return {
    adapter: (model) => records.adapter(model),
    clients: options.clients.map((client) => clientMetadata(client, detailTypes)),
    clientDefaults: { id_token_signed_response_alg: algorithm },
    jwks: { keys: [key] } as NonNullable<Configuration['jwks']>,
    routes: ROUTES,
    responseTypes: ['code'],
    pkce: { required: () => true },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      long: { signed: false },
      short: { signed: false },
      // Cookies know no ports, and other servers are on the same host.
      names: { session: `session_${new URL(context.issuer).port}` },
    },
    // The claims of a login are in its id_token, whether the app asks UserInfo for them or not.
    conformIdTokenClaims: false,
    claims: {
      openid: ['sub', ...roleClaims, 'acr', 'auth_time', 'sid', ...claimNames],
      profile: ['name'],
      email: ['email', 'email_verified'],
    },
    features: featuresOf(context, contextOf, detailTypes),
    interactions:
      context.parts === undefined
        ? { policy: withoutPages(), url: refusePage }
        : { policy: withPages(context, context.parts), url: interactionPath },
    loadExistingGrant: (ctx) => agree(contextOf(), ctx),
    findAccount: (_ctx, subject, token) => {
      const found = contextOf()
      const user = found.state.users.get(subject)
      if (user === undefined) return undefined
      const sid = (token as { readonly sessionUid?: string } | undefined)?.sessionUid
      return {
        accountId: subject,
        claims: async () => ({
          ...userClaims(found, subject),
          sub: subject,
          ...(user.name !== undefined && { name: user.name }),
          ...(user.email !== undefined && { email: user.email, email_verified: true }),
          ...(sid !== undefined && { sid }),
        }),
      }
    },
    extraTokenClaims: (ctx, token) => tokenClaims(contextOf(), ctx, token),
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access'),
    rotateRefreshToken: (ctx) => clientOf(context, ctx.oidc.client?.clientId ?? '')?.rotatesRefreshTokens !== false,
    clientBasedCORS: () => false,
    renderError: (ctx, out) => {
      ctx.type = 'json'
      ctx.body = out
    },
    ttl: {
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessTokenSeconds,
      AuthorizationCode: 60,
      BackchannelAuthenticationRequest: (ctx) =>
        Number(ctx.oidc.params?.requested_expiry ?? options.requestSeconds ?? 300),
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? accessTokenSeconds,
      DeviceCode: 600,
      Grant: 24 * HOUR,
      IdToken: accessTokenSeconds,
      Interaction: HOUR,
      RefreshToken: 24 * HOUR,
      Session: 24 * HOUR,
    },
    fetch: sender(options.clients),
  }
}

type Features = NonNullable<Configuration['features']>

function featuresOf(
  context: Omit<ServerContext, 'provider'>,
  contextOf: () => ServerContext,
  detailTypes: readonly string[],
): Features {
  const { options, algorithm } = context
  const validate = (ctx: KoaContextWithOIDC, { type }: { readonly type: string }) => {
    // The token endpoint compares them with the approved ones.
    if (ctx.oidc.route !== 'token') requireDetailType(context, type, ctx.oidc.params?.resource)
  }
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: true },
    rpInitiatedLogout:
      context.parts === undefined ? { enabled: false } : { enabled: true, ...logoutPages(context.parts) },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_ctx, client) => client.clientAuthMethod !== 'none' },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    registration: { enabled: true },
    clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: false },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    deviceFlow: { enabled: true, ...(context.parts === undefined ? NO_PAGES : devicePages(context.parts)) },
    ciba: {
      enabled: true,
      deliveryModes: ['poll', 'ping'],
      processLoginHint: (_ctx, hint) => hintedSubject(context, hint ?? ''),
      processLoginHintToken: () => {
        throw new errors.InvalidRequest('login_hint_token is not taken here')
      },
      verifyUserCode: () => undefined,
      validateRequestContext: () => undefined,
      validateBindingMessage: (_ctx, message) => {
        const problem = bindingMessageProblem(message)
        if (problem !== undefined) throw new errors.InvalidBindingMessage(problem)
      },
      triggerAuthenticationDevice: (ctx, request) => keepPace(contextOf(), ctx, request),
    },
    richAuthorizationRequests: {
      enabled: true,
      types: Object.fromEntries(detailTypes.map((type) => [type, { validate }])),
      authorizationDetailsForGrantSource: (ctx) => {
        const details = detailsOf(ctx.oidc.params?.authorization_details)
        for (const { type } of details ?? []) requireDetailType(context, type, ctx.oidc.params?.resource)
        return details
      },
      authorizationDetailsForAccessToken: (ctx, _token, source) =>
        narrowedDetails(askedDetails(ctx), isRepeated(source) ? undefined : source?.rar),
      authorizationDetailsForIntrospection: (_ctx, token) => token.rar,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) =>
        [oneOf].flat()[0] ?? options.defaultResource ?? options.resources?.[0]?.identifier ?? [],
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, identifier, client) => {
        const resource = resourceOf(context, identifier)
        if (resource === undefined) throw new errors.InvalidTarget(`no such API: ${identifier}`)
        const allowed = clientOf(context, client.clientId)?.scopes
        const scopes = resource.scopes.filter((scope) => allowed === undefined || allowed.includes(scope))
        return {
          scope: scopes.join(' '),
          audience: identifier,
          accessTokenFormat: resource.opaque ? 'opaque' : 'jwt',
          accessTokenTTL: secondsOf(context, identifier),
          jwt: { sign: { alg: algorithm } },
        }
      },
    },
  }
}

/**
 * Returns whether the source is a repetition. An approval in the background is in one token: a refresh does not approve
 * it again.
 */
function isRepeated(source: unknown): boolean {
  const { kind, gty } = (source ?? {}) as { readonly kind?: string; readonly gty?: string }
  return kind === 'RefreshToken' && gty?.split(' ').includes('ciba') === true
}

/** Replaces the pages of device codes: a test answers by the controls. */
const NO_PAGES = {
  userCodeInputSource: noPage,
  userCodeConfirmSource: noPage,
  successSource: noPage,
}

function noPage(ctx: KoaContextWithOIDC): void {
  ctx.status = 501
  ctx.body = 'This server has no pages: answer by its controls.'
}

function detailTypesOf({ options }: Pick<ServerContext, 'options'>): readonly string[] {
  return [...new Set((options.resources ?? []).flatMap((resource) => resource.authorizationDetailsTypes ?? []))]
}
