import { join } from 'node:path'
import { expect, test } from 'vitest'
import { start } from './apps/running.ts'
import { tryApp } from './apps/try-app.ts'
import { command, workshop } from './sources.ts'

test.each(['plain', 'mcp'] as const)('the test of a new app for %s passes', { timeout: 180_000 }, async (framework) => {
  const app = join(workshop(), 'my-app')
  await command(app, '--framework', framework, '--provider', 'sandbox')
  expect(await start([process.execPath, '--test', 'tools.test.ts'], app).finishes()).toContain('pass 1')
})

test('a new app ends in an order that its user approved on the phone', { timeout: 180_000 }, async () => {
  const app = join(workshop(), 'my-app')
  await command(app, '--framework', 'plain', '--provider', 'sandbox')
  await tryApp(app, 'plain')
})
