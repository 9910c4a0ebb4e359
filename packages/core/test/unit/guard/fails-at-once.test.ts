import { expect, test } from 'vitest'
import * as z from 'zod'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createGuard, publicTool } from '../../../src/index.ts'

const authorizationServer = oidc({ issuer: 'https://as.example.com', clientId: 'agent-app' })
const invocation = { tool: 'look', slot: 's', input: {} }
const look = publicTool(z.strictObject({}))

test('a failing clock rejects the promise of a call, and does not throw synchronously', async () => {
  const broken = () => {
    throw new Error('no time')
  }
  const guard = createGuard({ authorizationServer, agent: { name: 'agent:a' }, clock: { now: broken } as never })
  const run = () => guard.run(look, invocation, () => 'looked').catch((error: Error) => error.message)
  const preflight = () => guard.preflight(look, invocation).catch((error: Error) => error.message)
  expect([await run(), await preflight()]).toEqual(['no time', 'no time'])
})

test('and so does a call without an invocation', async () => {
  const guard = createGuard({ authorizationServer, agent: { name: 'agent:a' } })
  await expect(guard.run(look, undefined as never, () => 'looked').catch(() => 'rejected')).resolves.toBe('rejected')
})
