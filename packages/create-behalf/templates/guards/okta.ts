import { createGuard } from '@behalf/core'
import { okta } from '@behalf/core/providers'
import { askInTerminal, setting, signInByDevice } from '../terminal.ts'

const audience = setting('AUDIENCE')
const authorizationServer = okta({
  domain: setting('OKTA_DOMAIN'),
  authorizationServer: setting('OKTA_AUTHORIZATION_SERVER'),
  clientId: setting('CLIENT_ID'),
})

export const guard = createGuard({
  authorizationServer,
  agent: { name: 'agent:trader' },
  ...askInTerminal(authorizationServer),
})
// #region agent

/** Signs in the user for whom the agent acts. */
export const signIn = () => signInByDevice(authorizationServer, audience)
// #endregion
// #region mcp

/** The MCP server: its address, and the audience and the scopes that a caller's token needs. */
export const server = { resource: 'http://127.0.0.1:8790/mcp', audience, scopes: [], authorizationServer }
// #endregion
