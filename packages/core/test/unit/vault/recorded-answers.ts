/** Bodies in the form that each service documents. Ids and tokens are made up. */
export const slackAnswers = {
  /** https://docs.slack.dev/reference/methods/oauth.v2.access: a bot and a user in one answer. */
  installed: ({ team = 'T9TK3CUKW', user = 'U1234', token = 'xoxp-1234' } = {}) => ({
    ok: true,
    app_id: 'A0KRD7HC3',
    authed_user: { id: user, scope: 'channels:history,chat:write', access_token: token, token_type: 'user' },
    scope: 'commands,incoming-webhook',
    token_type: 'bot',
    access_token: 'xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy',
    bot_user_id: 'U0KRQLJ9H',
    team: { id: team, name: `Team ${team}` },
    enterprise: null,
    is_enterprise_install: false,
  }),
  /** An app that is installed for a whole Enterprise organization: no team. */
  organization: () => ({
    ok: true,
    app_id: 'A0KRD7HC3',
    authed_user: { id: 'W1234', scope: 'chat:write', access_token: 'xoxp-1234', token_type: 'user' },
    team: null,
    enterprise: { id: 'E12345678', name: 'Acme' },
    is_enterprise_install: true,
  }),
  /** https://docs.slack.dev/authentication/using-token-rotation: the first answer, and that of a refresh. */
  rotating: () => ({
    ok: true,
    app_id: 'A0KRD7HC3',
    authed_user: {
      id: 'U1234',
      scope: 'channels:history,chat:write',
      access_token: 'xoxe.xoxp-1-abcdefg',
      expires_in: 43_200,
      refresh_token: 'xoxe-1-abcdefg',
      token_type: 'user',
    },
    team: { id: 'T9TK3CUKW', name: 'Slack Pickleball Team' },
    enterprise: null,
    is_enterprise_install: false,
  }),
  refreshed: () => ({
    ok: true,
    app_id: 'A0KRD7HC3',
    access_token: 'xoxe.xoxp-1-hijklmn',
    expires_in: 43_200,
    refresh_token: 'xoxe-1-hijklmn',
    token_type: 'user',
    scope: 'channels:history,chat:write',
    authed_user: { id: 'U1234' },
    team: { id: 'T9TK3CUKW', name: 'Slack Pickleball Team' },
    enterprise: null,
    is_enterprise_install: false,
  }),
}

export const githubAnswers = {
  /** https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps */
  oauthApp: (scope = 'repo,read:user') => ({
    access_token: 'gho_16C7e42F292c6912E7710c838347Ae178B4a',
    scope,
    token_type: 'bearer',
  }),
  /** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens */
  githubApp: (round = 1) => ({
    access_token: `ghu_16C7e42F292c6912E7710c838347Ae178B${round}`,
    expires_in: 28_800,
    refresh_token: `ghr_1B4a2e77838347a7E420ce178F2E7c6912E16924${round}`,
    refresh_token_expires_in: 15_897_600,
    scope: '',
    token_type: 'bearer',
  }),
  /** https://docs.github.com/en/rest/users/users#get-the-authenticated-user, shortened. */
  user: () => ({
    login: 'octocat',
    id: 583_231,
    node_id: 'MDQ6VXNlcjE=',
    url: 'https://api.github.com/users/octocat',
    type: 'User',
    site_admin: false,
    name: 'monalisa octocat',
    email: 'octocat@github.com',
    two_factor_authentication: true,
  }),
}

/** https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code */
export const googleAnswer = (idToken: string, scope: string) => ({
  access_token: '1/fFAGRNJru1FTz70BzhT3Zg',
  expires_in: 3920,
  token_type: 'Bearer',
  scope,
  refresh_token: '1//xEoDL4iW3cxlI7yDbSRFYNG01kVKM2C-259HOF2aQbI',
  refresh_token_expires_in: 604_799,
  id_token: idToken,
})
