import { memoryStore } from '@behalf/core'
import { connectAccounts } from '@behalf/core/http'
import type { AccountLinker, LinkedAccount } from '@behalf/core/vault'
import { signIn } from '@behalf/testing'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fetchListener } from '../../src/http/fetch-listener.ts'
import { type Listening, listen } from '../../src/http/listen.ts'
import { sandboxTarget } from '../../src/index.ts'
import { chromiumMissing, hasChromium, phoneSized, type Scheme, startChromium, violations } from './chromium.ts'

const CALENDAR = 'https://www.googleapis.com/auth/calendar.readonly'
const LONG = 'ann.with.a.rather.long.address@department.subsidiary.corporation.example'

if (!hasChromium) test('the page of connections in a browser', ({ skip }) => skip(chromiumMissing))

describe.runIf(hasChromium)('the page of connections in a browser', { timeout: 240_000 }, () => {
  let browser: Browser
  let target: Awaited<ReturnType<typeof sandboxTarget>>
  let app: Listening
  let provider: Listening
  let accounts: LinkedAccount[]

  beforeAll(async () => {
    ;[browser, target, app, provider] = await Promise.all([startChromium(), sandboxTarget(), listen(0), listen(0)])
    const ann = await signIn(target, { user: 'ann' })
    accounts = [
      { connection: 'calendar', id: '1', label: LONG, scopes: [CALENDAR, `${CALENDAR}.more`], status: 'connected' },
      { connection: 'calendar', id: '2', label: 'ann@home.example', scopes: [CALENDAR], status: 'must_reconnect' },
    ]
    const linker: AccountLinker = {
      specificationVersion: 1,
      available: async () => [{ name: 'calendar', label: 'Google Calendar', scopes: [CALENDAR] }],
      list: async () => accounts,
      connect: async () => ({
        status: 'started',
        url: `${provider.origin}/authorize`,
        state: 'state',
        expiresInSeconds: 600,
      }),
      complete: async () => ({ status: 'refused', reason: 'declined', detail: 'no' }),
      disconnect: async (_identity, { account }) => {
        accounts = accounts.filter(({ id }) => id !== account)
        return { status: 'disconnected', revoked: true }
      },
      prefer: async () => true,
    }
    const handler = connectAccounts({
      linker,
      identityOf: () => ann,
      store: memoryStore(),
      baseUrl: `${app.origin}/connections`,
    })
    app.serve(fetchListener(app.origin, handler))
    provider.serve((_request, response) => response.end('the provider'))
  }, 30_000)
  afterAll(async () => {
    await browser?.close()
    await Promise.all([app?.close(), provider?.close(), target?.close()])
  })

  const open = async (scheme: Scheme, width: number) => {
    const context = await phoneSized(browser, scheme)
    onTestFinished(() => context.close())
    const page = await context.newPage()
    await page.setViewportSize({ width, height: 700 })
    await page.goto(`${app.origin}/connections?connect_error=declined`)
    return page
  }

  test.each([
    ['light', 390],
    ['dark', 320],
  ] as const)('%s, at %i pixels: nothing is cut off, and axe finds nothing', async (scheme, width) => {
    const page = await open(scheme, width)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    expect(await page.getByRole('alert').textContent()).toContain('you declined')
    expect(await violations(page)).toEqual([])
  })

  test('its own policy lets its forms through: to the provider, and back', async () => {
    const page = await open('light', 390)
    await page.getByRole('button', { name: 'Disconnect ann@home.example' }).click()
    await page.getByRole('status').waitFor()
    expect(await page.getByRole('button', { name: /^Disconnect/ }).count()).toBe(1)
    await page.getByRole('button', { name: 'Connect Google Calendar again' }).click()
    await page.getByText('the provider').waitFor()
    await page.goto(`${app.origin}/connections/callback/calendar?state=state&error=access_denied`)
    expect(await page.getByRole('alert').textContent()).toContain('you declined')
  })

  test('a double click on Disconnect disconnects one account', async () => {
    accounts = ['1', '2'].map((id) => ({ connection: 'calendar', id, label: 'ann', scopes: [], status: 'connected' }))
    const page = await open('light', 390)
    const disconnect = page.getByRole('button', { name: 'Disconnect ann' })
    const { x, y, width, height } = (await disconnect.first().boundingBox()) ?? expect.unreachable('it is not shown')
    await disconnect.first().click()
    await page.getByRole('status').waitFor()
    for (let up = -60; up <= 120; up += 15) await page.mouse.click(x + width / 2, y + height / 2 + up)
    await page.waitForTimeout(1500)
    expect(accounts).toHaveLength(1)
    await disconnect.click()
    await page.getByRole('status').waitFor()
    expect(accounts).toHaveLength(0)
  })
})
