import { FAULTS, type Sandbox, settingsCode } from '../start/index.ts'

/** Form in which the user called this program. */
export interface Called {
  /** `npx @behalf/sandbox`, or `npm run sandbox --` in the repository. */
  readonly program: string
}

/** Returns the text for a new user: everything that they need to start. */
export function bannerOf(sandbox: Sandbox, { program }: Called): string {
  const { settings, people, phone, profile, consoleUrl } = sandbox
  const row = (label: string, text: string) => `  ${label.padEnd(20)}${text}`
  const first = people[0]?.subject ?? ''
  return [
    'The Behalf sandbox runs, on this machine only. Ctrl-C ends it.',
    '',
    ...people.map(({ subject }) => row(`phone of ${subject}`, phone.urlOf(subject))),
    row('console', consoleUrl),
    row("app's issuer", settings.issuer),
    row('upstream', `${settings.upstreamIssuer}   (connected accounts)`),
    row("employer's issuer", `${settings.enterpriseIssuer}   (ID-JAG)`),
    row('Stock Trade API', settings.api.origin),
    row('OpenFGA', `${settings.openFga.apiUrl}   store ${settings.openFga.storeId}`),
    '',
    'Anyone with the link of a phone can answer for its user. The console shows each call of a guard, and why.',
    '',
    'Try it',
    `  1  Open ${first}'s phone: the link above.`,
    `  2  In a second terminal: ${program} try`,
    `     An agent buys 50 shares of AAPL for ${first}. It waits for the phone.`,
    '  3  Press Approve on the phone. The second terminal shows the order.',
    '',
    `A token of ${first}, for your own requests: ${program} token ${first}`,
    '',
    `Settings (token format of ${profile}; others: --profile oidc, auth0, okta, entra, keycloak)`,
    '',
    ...settingsCode(settings)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`.trimEnd()),
    '',
    'A linked account in a store of the app (storedVault): issuer ' +
      `${settings.upstreamIssuer}, client ${settings.accountsClient.clientId}, ` +
      `secret ${settings.accountsClient.clientSecret}`,
    '',
    `Faults, here with Enter or as \`${program} fault <name>\``,
    ...Object.entries(FAULTS).map(([name, effect]) => row(`fault ${name}`, effect)),
    '',
    "Check your app's settings",
    `  BEHALF_CLIENT_SECRET='${settings.clientSecret}' ${program} doctor --issuer ${settings.issuer} --client-id ${settings.clientId} --redirect-uri http://127.0.0.1:3000/callback --audience ${settings.agentResource}`,
    '',
    'What happens',
    '',
  ].join('\n')
}
