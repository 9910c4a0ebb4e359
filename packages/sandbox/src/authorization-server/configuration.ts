import { randomBytes } from 'node:crypto'
import {
  checkBindingMessage,
  detailsOf,
  FURTHER_PATHS,
  hintedSubject,
  narrowedDetails,
  PATHS,
  requireDetailType,
  standardClaims,
  userClaims,
} from '@behalf/testing/authorization-server'
import { type AuthorizationDetail, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { tokenClaims } from './claims/token-claims.ts'
import { clientMetadata } from './client-metadata.ts'
import { agree, refusePage, withoutPages } from './controls/sign-in.ts'
import { translated } from './grants/library-refusal.ts'
import { resourceServerOf } from './grants/resource-server.ts'
import { devicePages, interactionPath, logoutPages, withPages } from './login-pages/index.ts'
import { startPace } from './requests/paced-provider.ts'
import { sender } from './requests/sender.ts'
import type { ServerContext } from './server-context.ts'

const ROUTES = {
  authorization: PATHS.authorize,
  backchannel_authentication: PATHS['bc-authorize'],
  code_verification: FURTHER_PATHS.device,
  device_authorization: PATHS['device-authorization'],
  end_session: FURTHER_PATHS.logout,
  introspection: PATHS.introspect,
  jwks: PATHS.jwks,
  pushed_authorization_request: PATHS.par,
  registration: PATHS.register,
  revocation: PATHS.revoke,
  token: PATHS.token,
  userinfo: FURTHER_PATHS.userinfo,
}

const HOUR = 3600

/**
 * Configures the library: no pages, no warnings, records in memory.
 *
 * @param context - Has no provider yet: the provider is made of this.
 */
export function configurationOf(context: ServerContext): Configuration {
  const { options, records, privateKey, algorithm, accessTokenSeconds } = context
  const detailTypes = detailTypesOf(context)
  const roleClaims = context.parts?.roles.claims ?? [options.rolesClaim ?? 'roles']
  const claimNames = options.users.flatMap((user) => Object.keys(user.claims ?? {}))
  return {
    adapter: (model) => records.adapter(model),
    clients: options.clients.map((client) => clientMetadata(client, detailTypes)),
    clientDefaults: { id_token_signed_response_alg: algorithm },
    jwks: { keys: [privateKey] } as NonNullable<Configuration['jwks']>,
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
    features: featuresOf(context, detailTypes),
    interactions:
      context.parts === undefined
        ? { policy: withoutPages(), url: refusePage }
        : { policy: withPages(context, context.parts), url: interactionPath },
    loadExistingGrant: (ctx) => agree(context, ctx),
    findAccount: (_ctx, subject, token) => {
      if (!context.state.users.has(subject)) return undefined
      const sid = (token as { readonly sessionUid?: string } | undefined)?.sessionUid
      return {
        accountId: subject,
        claims: async () => ({
          ...userClaims(context, subject),
          ...standardClaims(context, subject, ['profile', 'email']),
          sub: subject,
          ...(sid !== undefined && { sid }),
        }),
      }
    },
    extraTokenClaims: (ctx, token) => tokenClaims(context, ctx, token),
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access'),
    rotateRefreshToken: (ctx) => context.clients.get(ctx.oidc.client?.clientId ?? '')?.rotatesRefreshTokens !== false,
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

type Details = AuthorizationDetail[] | undefined
type Features = NonNullable<Configuration['features']>

function featuresOf(context: ServerContext, detailTypes: readonly string[]): Features {
  const requireType = ({ oidc }: KoaContextWithOIDC, { type }: { readonly type: string }) =>
    translated(() => requireDetailType(context, type, [oidc.params?.resource ?? []].flat() as string[]))
  const validate = (ctx: KoaContextWithOIDC, detail: { readonly type: string }) => {
    // The token endpoint compares them with the approved ones.
    if (ctx.oidc.route !== 'token') requireType(ctx, detail)
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
      processLoginHint: (_ctx, hint) => translated(() => hintedSubject(context, hint ?? '')),
      processLoginHintToken: () => {
        throw new errors.InvalidRequest('login_hint_token is not taken here')
      },
      verifyUserCode: () => undefined,
      validateRequestContext: () => undefined,
      validateBindingMessage: (_ctx, message) => {
        if (message !== undefined) translated(() => checkBindingMessage(message))
      },
      // Called last, with the answer ready: the library does not know `interval` (CIBA Core §7.3).
      triggerAuthenticationDevice: (ctx, { jti }) => {
        ctx.body = { ...(ctx.body as object), interval: startPace(context, jti) }
      },
    },
    richAuthorizationRequests: {
      enabled: true,
      types: Object.fromEntries(detailTypes.map((type) => [type, { validate }])),
      authorizationDetailsForGrantSource: (ctx) => {
        const details = translated(() => detailsOf(ctx.oidc.params?.authorization_details))
        for (const detail of details ?? []) requireType(ctx, detail)
        return details as Details
      },
      // Those of the request itself: the library takes an empty list for no list, which means all of them.
      authorizationDetailsForAccessToken: (ctx, _token, source) =>
        translated(() =>
          narrowedDetails(ctx.state.parameters, isRepeated(source) ? undefined : source?.rar),
        ) as Details,
      authorizationDetailsForIntrospection: (_ctx, token) => token.rar,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => [oneOf].flat()[0] ?? context.defaultResource ?? [],
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, identifier, client) =>
        translated(() => resourceServerOf(context, identifier, client.clientId)),
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

function detailTypesOf({ resources }: ServerContext): readonly string[] {
  return [...new Set([...resources.values()].flatMap((resource) => resource.authorizationDetailsTypes ?? []))]
}
