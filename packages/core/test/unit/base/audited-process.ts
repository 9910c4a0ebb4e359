// A process whose guard writes its audit to the standard output. Its arguments are `required` or none; it begins when its
// standard input ends, and reports to its standard error.
import * as z from 'zod/mini'
import { jsonLinesSink } from '../../../src/entrypoints/audit.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createGuard, policy, verifyAccessToken } from '../../../src/index.ts'
import { agentUrl, issuer, startServers } from '../../smoke/servers.ts'

const { fetch, sign } = await startServers(Date.now)
const authorizationServer = oidc({ issuer, clientId: 'agent', clientSecret: 'secret' })
const sink = jsonLinesSink({ to: process.stdout })
const guard = createGuard({
  authorizationServer,
  agent: { name: 'agent:trader' },
  fetch,
  audit: process.argv.includes('required') ? { sink, required: true } : sink,
})
const token = await sign({ aud: agentUrl })
const identity = await verifyAccessToken(token, { authorizationServer, audience: agentUrl, fetch })

for await (const _ of process.stdin);
const outcomes: string[] = []
let runs = 0
for (const slot of ['call-1', 'call-2', 'call-3']) {
  const call = { tool: 'read', slot, input: {}, identity }
  const { status } = await guard.run(policy(z.strictObject({}), {}), call, () => ++runs)
  outcomes.push(status)
  // An error of the stream arrives in a later turn.
  await new Promise((resolve) => setImmediate(resolve))
}
process.stderr.write(JSON.stringify({ outcomes, runs }))
