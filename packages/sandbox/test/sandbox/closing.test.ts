import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type SandboxEvent, startSandbox } from '../../src/index.ts'
import { askBy, basic, freePort, openPhone } from './phone-http.ts'

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

function dataFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-sandbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'sandbox.sqlite')
}

/** What would end the process. */
function uncaught(): unknown[] {
  const errors: unknown[] = []
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other)
  })
  return errors
}

test('closes once, and gives everything back', async () => {
  const [port, data] = [await freePort(), dataFile()]
  const sandbox = await startSandbox({ port, data })
  await Promise.all([sandbox.close(), sandbox.close()])
  await sandbox.close()
  const again = await startSandbox({ port, data })
  await again.close()
})

test('a question that expires after the end raises no error', async () => {
  const errors = uncaught()
  const events: SandboxEvent[] = []
  const sandbox = await startSandbox({
    port: await freePort(),
    data: dataFile(),
    requestSeconds: 2,
    onEvent: (event) => void events.push(event),
  })
  await askBy(sandbox, 'ann')
  await sandbox.close()
  const told = events.length
  await pause(2500)
  expect(errors).toEqual([])
  expect(events).toHaveLength(told)
})

test('a listener that throws is told of, and breaks no server', async () => {
  const errors = uncaught()
  const sandbox = await startSandbox({
    onEvent: () => {
      throw new TypeError('the listener')
    },
  })
  onTestFinished(() => sandbox.close())
  await askBy(sandbox, 'ann')
  expect(await (await openPhone(sandbox, 'ann')).read()).toContain('Buy 50 shares')
  expect(errors).toMatchObject([{ message: 'the listener' }])
})

test('a question that stays open for months is open', async () => {
  const sandbox = await startSandbox()
  onTestFinished(() => sandbox.close())
  const { issuer, clientId, clientSecret } = sandbox.settings
  // More milliseconds than a timer takes.
  await fetch(`${issuer}/bc-authorize`, {
    method: 'POST',
    headers: { authorization: basic(clientId, clientSecret) },
    body: new URLSearchParams({
      scope: 'openid',
      login_hint: 'ann',
      binding_message: 'x',
      requested_expiry: '4000000',
    }),
  })
  await pause(100)
  expect(await (await openPhone(sandbox, 'ann')).read()).toContain('(1) Ann’s phone')
})
