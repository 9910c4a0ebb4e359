import { createGuard } from '@behalf/core'
import { startSandbox } from '@behalf/sandbox'

const resource = 'http://127.0.0.1:8790/mcp'
const scopes = ['mcp:tools']

// A login server, a permission server, an API and phones, in this process. Ctrl-C ends them.
const sandbox = await startSandbox({ resources: [{ identifier: resource, scopes }] })
const { authorizationServer } = sandbox.guardOptions

export const guard = createGuard(sandbox.guardOptions)

/** The MCP server: its address, and the scopes that a caller's token needs. */
export const server = { resource, scopes, authorizationServer }

console.log(`Ann's phone: ${sandbox.phone.urlOf('ann')}`)
console.log(`Console, with each call: ${sandbox.consoleUrl}`)
