import { createGuard } from '@behalf/core'
import { startSandbox } from '@behalf/sandbox'

/** Address of the MCP server. It is the audience of its callers' tokens too. */
export const resource = 'http://127.0.0.1:8790/mcp'
export const audience = resource
/** Scopes that a caller's token needs. */
export const scopes = ['mcp:tools']

// A login server, a permission server, an API and phones, in this process. Ctrl-C ends them.
const sandbox = await startSandbox({ resources: [{ identifier: resource, scopes }] })

export const { authorizationServer } = sandbox.guardOptions
export const guard = createGuard(sandbox.guardOptions)

console.log(`Ann's phone: ${sandbox.phone.urlOf('ann')}`)
