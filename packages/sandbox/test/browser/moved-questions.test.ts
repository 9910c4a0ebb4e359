import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/http/listen.ts'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { askBy } from '../sandbox/phone-http.ts'
import { chromiumMissing, hasChromium, phoneSized, startChromium } from './chromium.ts'

if (!hasChromium) test('a question that takes the place of another', ({ skip }) => skip(chromiumMissing))

describe.runIf(hasChromium)('a question that takes the place of another', { timeout: 240_000 }, () => {
  let browser: Browser
  let sandbox: Sandbox
  beforeAll(async () => {
    ;[browser, sandbox] = await Promise.all([startChromium(), startSandbox()])
  }, 30_000)
  afterAll(async () => void (await Promise.all([browser?.close(), sandbox?.close()])))
  beforeEach(() => sandbox.target.reset())

  const wanted = 'Buy 50 shares of AAPL'
  const other = 'Buy 900 shares of AAPL'
  const waiting = async () =>
    (await sandbox.target.authorizationServer.controls.pendingRequests('ann')).map(
      ({ bindingMessage }) => bindingMessage,
    )
  const phone = async () => {
    const page = await (await phoneSized(browser)).newPage()
    await page.goto(sandbox.phone.urlOf('ann'))
    await page.getByText('Live', { exact: true }).waitFor()
    return page
  }
  /** Where a person has the pointer who is about to approve this. */
  const pointAt = async (page: Page, message: string) => {
    const button = page.getByRole('article', { name: message }).getByRole('button', { name: 'Approve' })
    await button.hover()
    const { x, y, width, height } = (await button.boundingBox()) ?? expect.unreachable('it is not shown')
    return { x: x + width / 2, y: y + height / 2 }
  }

  test('is not approved by the click that was meant for the other', async () => {
    await askBy(sandbox, 'ann', wanted)
    const page = await phone()
    const { x, y } = await pointAt(page, wanted)
    await askBy(sandbox, 'ann', other)
    await page.getByRole('article', { name: other }).waitFor()
    await page.mouse.click(x, y)
    await page.waitForTimeout(1500)
    expect(await waiting()).toEqual([wanted, other])
    // Who looks once more can answer.
    await page.getByRole('article', { name: wanted }).getByRole('button', { name: 'Approve' }).click()
    await page.getByText('You approved it.').waitFor()
    expect(await waiting()).toEqual([other])
  })

  test('is not approved by the second click of two', async () => {
    await askBy(sandbox, 'ann', other)
    await askBy(sandbox, 'ann', wanted)
    const page = await phone()
    const { x, y } = await pointAt(page, wanted)
    await page.waitForTimeout(1500)
    await page.mouse.click(x, y)
    for (let clicks = 0; clicks < 4; clicks++) {
      await page.waitForTimeout(40)
      for (const up of [0, 20, 40, 60, 80]) await page.mouse.click(x, y + up)
    }
    await page.waitForTimeout(1500)
    expect(await waiting()).toEqual([other])
  })

  test('is not approved by a key that is held down while its page opens, whatever part of it the address names', async () => {
    await askBy(sandbox, 'ann', wanted)
    const page = await phone()
    const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map(({ id }) => id))
    const url = page.url()
    expect(ids).toContain('waiting')
    for (const id of ids) {
      await page.goto('about:blank')
      await page.goto(`${url}#${id}`)
      await page.keyboard.press('Enter')
      await page.keyboard.press('Space')
    }
    await page.waitForTimeout(500)
    expect(await waiting()).toEqual([wanted])
    // A person's own keys answer, and keep their place when the list changes.
    const approve = page.getByRole('article', { name: wanted }).getByRole('button', { name: 'Approve' })
    await approve.focus()
    await askBy(sandbox, 'ann', other)
    await page.getByRole('article', { name: other }).waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(waiting).toEqual([other])
  })

  test('is not approved by the second of two clicks, the first of which closed the window that lay above it', async () => {
    await askBy(sandbox, 'ann', wanted)
    const page = await phone()
    const { x, y } = await pointAt(page, wanted)
    await page.waitForTimeout(1500)
    await comesToFront(page)
    await page.mouse.click(x, y)
    await page.waitForTimeout(1500)
    expect(await waiting()).toEqual([wanted])
    await page.mouse.click(x, y)
    await expect.poll(waiting).toEqual([])
  })

  /** What a browser tells a window. Under test all windows have the focus at all times, so none is told. */
  const comesToFront = (page: Page) => page.evaluate(() => window.dispatchEvent(new Event('focus')))

  test('is not approved by the second click on the page before, nor on a window that lay above: a consent', async () => {
    const { settings } = sandbox
    const app = await listen(0)
    onTestFinished(() => app.close())
    app.serve((_request, response) => response.end('back'))
    const page = await (await phoneSized(browser)).newPage()
    const order = { type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 900 }
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: settings.clientId,
      redirect_uri: `${app.origin}/callback`,
      scope: 'openid trade:write',
      resource: settings.api.resource,
      authorization_details: JSON.stringify([order]),
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    await page.goto(`${settings.issuer}/authorize?${query}`)
    await page.getByRole('button', { name: 'Ann Archer' }).click()
    const allow = page.getByRole('button', { name: 'Allow' })
    const { x, y, width, height } = (await allow.boundingBox()) ?? expect.unreachable('it is not shown')
    await page.mouse.click(x + width / 2, y + height / 2)
    await page.waitForTimeout(500)
    expect(page.url()).toContain('/interaction/')
    await page.waitForTimeout(1500)
    await comesToFront(page)
    await page.mouse.click(x + width / 2, y + height / 2)
    await page.waitForTimeout(500)
    expect(page.url()).toContain('/interaction/')
    await allow.click()
    await page.waitForURL(/code=/)
  })
})
