import { startAuthorizationServer } from '../../src/index.ts'

/**
 * An upstream in a process of its own, for tests of other packages: refresh tokens rotate, and one that is used twice
 * ends its grant. Tells its issuer, and answers each message with the number of refreshes so far.
 */
const { redirectUri, resource, graceSeconds } = JSON.parse(process.argv[2] ?? '') as {
  readonly redirectUri: string
  readonly resource: string
  readonly graceSeconds: number
}

const server = await startAuthorizationServer({
  clients: [
    { clientId: 'behalf', clientSecret: 'upstream-secret', redirectUris: [redirectUri], scopes: ['contacts.read'] },
  ],
  users: [{ subject: 'ann@crm' }],
  resources: [{ identifier: resource, scopes: ['contacts.read'] }],
  accessTokenSeconds: 60,
  refreshGraceSeconds: graceSeconds,
})
await server.controls.signInAs('ann@crm')
process.on('message', () => {
  server.controls
    .requests()
    .then((all) => process.send?.(all.filter(({ parameters }) => parameters.grant_type === 'refresh_token').length))
})
process.send?.(server.issuer)
