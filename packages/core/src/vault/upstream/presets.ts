import type { ConnectionPreset } from './connection-definition.ts'

/** Freezes values that all callers share. */
const preset = <const Preset extends ConnectionPreset>(data: Preset): Preset => Object.freeze(data)

/**
 * Google Calendar, and any other Google API: give its `scopes`.
 *
 * Google returns a refresh token with `access_type=offline`, and again only with `prompt=consent`. It does not rotate.
 *
 * @see {@link https://developers.google.com/identity/protocols/oauth2/web-server | Google: OAuth 2.0 for web servers}
 */
export const googleCalendar = preset({
  label: 'Google Calendar',
  issuer: 'https://accounts.google.com',
  alwaysScopes: ['openid', 'email'],
  authorizationParameters: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
  account: { from: 'id_token', id: 'sub', label: 'email' },
  refresh: { rotates: false },
})

/**
 * GitHub, OAuth apps and GitHub Apps alike.
 *
 * Publishes no metadata, writes scopes with commas, and tells errors with status 200. A GitHub App's user tokens end
 * after 8 hours, and their refresh tokens are used once; those of an OAuth app last until they are revoked. A GitHub App
 * has permissions and no scopes: name any scope, the same in the connection and in the policies.
 *
 * Disconnecting ends the one token that is stored. The whole grant of a GitHub account may serve other users too; the
 * account's owner ends it in the settings of GitHub.
 * @see {@link https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps | GitHub: authorizing OAuth apps}
 */
export const github = preset({
  label: 'GitHub',
  endpoints: {
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
  },
  scopeSeparator: ',',
  account: { from: 'endpoint', url: 'https://api.github.com/user', id: 'id', label: 'login' },
  refresh: { rotates: true, graceSeconds: 0 },
  unscopedTokenPrefix: 'ghu_',
  reconnectErrors: ['invalid_grant', 'bad_refresh_token'],
  unusedErrors: ['incorrect_client_credentials'],
  revocation: {
    url: 'https://api.github.com/applications/{client_id}/token',
    method: 'DELETE',
    authorization: 'client',
    tokenField: 'access_token',
  },
})

/**
 * Slack, as the user who connects: user scopes, and the token in `authed_user`. Never uses a bot's token.
 *
 * An account's id is `team:user`, because a user's id is unique only within a workspace. An app that is installed for a
 * whole organization has no workspace, and its accounts are refused.
 *
 * @see {@link https://docs.slack.dev/authentication/installing-with-oauth | Slack: installing with OAuth}
 */
export const slack = preset({
  label: 'Slack',
  endpoints: {
    authorization: 'https://slack.com/oauth/v2/authorize',
    token: 'https://slack.com/api/oauth.v2.access',
  },
  scopeParameter: 'user_scope',
  scopeSeparator: ',',
  answerMember: 'authed_user',
  bearerTypes: ['user'],
  account: { from: 'answer', id: ['team.id', 'authed_user.id'], label: 'team.name' },
  refresh: { rotates: true, graceSeconds: 0 },
  reconnectErrors: ['invalid_grant', 'invalid_refresh_token', 'token_revoked', 'token_expired', 'account_inactive'],
  unusedErrors: ['bad_client_secret', 'invalid_client_id', 'ratelimited'],
  outageErrors: ['fatal_error', 'internal_error', 'ratelimited', 'request_timeout', 'service_unavailable'],
  revocation: { url: 'https://slack.com/api/auth.revoke', method: 'POST', authorization: 'token' },
})
