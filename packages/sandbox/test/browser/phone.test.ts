import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { listen } from '../../src/http/listen.ts'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { type ChatApp, startChatApp } from './chat-app.ts'
import { chromiumMissing, hasChromium, phoneSized, type Scheme, startChromium, violations } from './chromium.ts'

/** Kept in the documentation when asked: `BEHALF_SCREENSHOTS=1`. Else they are taken and thrown away. */
const pictures = process.env.BEHALF_SCREENSHOTS === '1'
const folder = fileURLToPath(new URL('../../../../docs/images/', import.meta.url))

if (!hasChromium) test('the phone in a browser', ({ skip }) => skip(chromiumMissing))

describe.runIf(hasChromium)('the phone in a browser', { timeout: 240_000 }, () => {
  let browser: Browser
  let sandbox: Sandbox
  let app: ChatApp

  beforeAll(async () => {
    ;[browser, sandbox] = await Promise.all([startChromium(), startSandbox()])
    app = await startChatApp(sandbox)
  }, 30_000)
  afterAll(async () => {
    await browser?.close()
    await Promise.all([app?.close(), sandbox?.close()])
  })
  beforeEach(() => sandbox.target.reset())

  const open = async (scheme?: Scheme): Promise<BrowserContext> => {
    const context = await phoneSized(browser, scheme)
    onTestFinished(() => context.close())
    return context
  }
  const phoneOf = async (subject: string, context?: BrowserContext): Promise<Page> => {
    const page = await (context ?? (await open())).newPage()
    await page.goto(sandbox.phone.urlOf(subject))
    await page.getByText('Live', { exact: true }).waitFor()
    return page
  }
  /** Signs in on the issuer's page, and says a line to the agent. */
  const chat = async (name: string, line: string, { url } = app): Promise<Page> => {
    const page = await (await open()).newPage()
    await page.goto(url)
    await page.getByRole('button', { name }).click()
    await page.getByLabel('Say').fill(line)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('Waiting for your phone').waitFor()
    return page
  }
  const orders = async (portfolio: string) => (await sandbox.target.api.controls.orders(portfolio)).length
  const picture = async (page: Page, name: string) => {
    if (pictures) mkdirSync(folder, { recursive: true })
    const image = await page.screenshot(pictures ? { path: `${folder}${name}.png` } : {})
    expect(image.length).toBeLessThan(200_000)
  }

  test('a whole purchase: chat line, login, approval on the phone, order', async () => {
    const phone = await phoneOf('ann')
    const talk = await chat('Ann Archer', 'Buy 50 shares of AAPL')
    // It arrives by itself, without a reload of the phone.
    const card = phone.getByRole('article')
    await card.waitFor()
    const text = await card.textContent()
    for (const shown of ['agent:trader (stock-agent)', 'Ann Archer', 'Buy 50 shares of AAPL', '50 shares', 'p-ann']) {
      expect(text).toContain(shown)
    }
    expect(text).toMatch(/\d:\d\d left/)
    expect(text).toContain('about $9,492.00')
    expect(await phone.title()).toMatch(/^\(1\)/)
    expect(await orders('p-ann')).toBe(0)
    await card.getByRole('button', { name: 'Approve' }).click()
    await phone.getByText('Approved', { exact: true }).first().waitFor()
    await talk.getByText('Bought 50 AAPL.').waitFor()
    expect(await orders('p-ann')).toBe(1)
    await picture(phone, 'phone-history')
  })

  test('shows a question that comes while its page connects', async () => {
    const page = await (await open()).newPage()
    const asked = Promise.withResolvers<void>()
    await page.route('**/events', async (route) => {
      await asked.promise
      await route.continue()
    })
    await page.goto(sandbox.phone.urlOf('ann'))
    await chat('Ann Archer', 'Buy 57 shares of AAPL')
    expect(await page.getByRole('article').count()).toBe(0)
    asked.resolve()
    await page.getByRole('article').waitFor()
  })

  test('a no on the phone is a no in the chat', async () => {
    const phone = await phoneOf('ann')
    const talk = await chat('Ann Archer', 'Buy 51 shares of AAPL')
    await phone.getByRole('button', { name: 'Deny' }).click()
    await phone.getByText('Denied').first().waitFor()
    await talk.getByText('denied', { exact: false }).waitFor()
    expect(await orders('p-ann')).toBe(0)
  })

  test('an unanswered question expires, on the phone and in the chat', async () => {
    const hasty = await startChatApp(sandbox, 10)
    onTestFinished(() => hasty.close())
    const phone = await phoneOf('ann')
    const talk = await chat('Ann Archer', 'Buy 52 shares of AAPL', hasty)
    await phone.getByRole('article').waitFor()
    await phone.getByText(/0:0[0-9] left/).waitFor()
    await phone.getByRole('article').waitFor({ state: 'detached' })
    await phone.getByText('Expired').first().waitFor()
    await talk.getByText('The request for approval expired.').waitFor()
    expect(await orders('p-ann')).toBe(0)
  })

  test('two users have two phones, in one browser too', async () => {
    const context = await open()
    const [anns, bobs] = [await phoneOf('ann', context), await phoneOf('bob', context)]
    await chat('Bob Baker', 'Buy 53 shares of AAPL')
    await bobs.getByRole('article').waitFor()
    expect(await anns.getByRole('article').count()).toBe(0)
    await anns.reload()
    expect(await anns.getByText('Buy 53').count()).toBe(0)
    await bobs.getByRole('button', { name: 'Approve' }).click()
    await vi.waitFor(async () => expect(await orders('p-bob')).toBe(1), { timeout: 60_000 })
    expect(await orders('p-ann')).toBe(0)
  })

  test('a phone without its link is locked, even if another phone is open', async () => {
    const context = await open()
    await phoneOf('ann', context)
    const page = await context.newPage()
    const response = await page.goto(`${sandbox.phone.origin}/phones/bob`)
    expect(response?.status()).toBe(401)
    expect(await page.getByText('This phone is locked').count()).toBe(1)
  })

  test('another page on this machine cannot approve, read or frame it', async () => {
    const context = await open()
    const phone = await phoneOf('ann', context)
    await chat('Ann Archer', 'Buy 54 shares of AAPL')
    await phone.getByRole('article').waitFor()
    const csrf = await phone.locator('input[name=csrf]').first().inputValue()
    const question = await phone.locator('input[name=question]').first().inputValue()
    // It is the same site (another port), so its requests bring the phone's cookie where it knows the path. It even knows the token.
    const elsewhere = await listen(0)
    onTestFinished(() => elsewhere.close())
    elsewhere.serve((_request, response) => response.setHeader('content-type', 'text/html').end('<title>Evil</title>'))
    const evil = await context.newPage()
    await evil.goto(elsewhere.origin)
    const outcome = await evil.evaluate(async (url) => {
      const answer = await fetch(url, { credentials: 'include' }).then(
        () => 'read',
        () => 'not read',
      )
      return answer
    }, phone.url())
    expect(outcome).toBe('not read')
    const framed = await evil.evaluate(async (url) => {
      const frame = document.createElement('iframe')
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
      frame.src = url
      document.body.append(frame)
      await loaded
      return frame.contentDocument === null ? 'blocked' : 'shown'
    }, phone.url())
    expect(framed).toBe('blocked')
    expect(evil.frames().map((frame) => frame.url())).not.toContain(phone.url())
    // As a form it is a navigation: the browser sends cookie and token, and says which page it came from.
    const refused = evil.waitForResponse((response) => response.request().method() === 'POST')
    await evil.evaluate(
      ([action, fields]) => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action })
        for (const [name, value] of Object.entries(fields)) {
          form.append(Object.assign(document.createElement('input'), { name, value }))
        }
        document.body.append(form)
        form.submit()
      },
      [`${phone.url()}/answers`, { csrf, question, answer: 'approve' }] as const,
    )
    expect((await refused).status()).toBe(403)
    expect(await sandbox.target.authorizationServer.controls.pendingRequests('ann')).toHaveLength(1)
  })

  test('a server on another port of this machine gets no session, whatever its pages ask it for', async () => {
    const context = await open()
    const phone = await phoneOf('ann', context)
    const developer = await context.newPage()
    await developer.goto(sandbox.consoleUrl)
    // Cookies know no ports, and a program can send what a browser would.
    const elsewhere = await listen(0)
    onTestFinished(() => elsewhere.close())
    const got: (string | undefined)[] = []
    elsewhere.serve((request, response) => {
      got.push(request.headers.cookie)
      response.setHeader('content-type', 'text/html').end('<title>Evil</title>')
    })
    const evil = await context.newPage()
    const paths = ['/', '/phones/ann', '/phones/ann/events', '/phones/ann/at-x', '/console', '/console/events']
    for (const path of paths) await evil.goto(`${elsewhere.origin}${path}`)
    expect(got.length).toBeGreaterThanOrEqual(paths.length)
    expect(got.filter((cookie) => /phone_|console_/.test(cookie ?? ''))).toEqual([])
    // Its own pages have it.
    for (const page of [phone, developer]) expect((await page.reload())?.status()).toBe(200)
  })

  test('by keyboard alone', async () => {
    const phone = await phoneOf('ann')
    await chat('Ann Archer', 'Buy 55 shares of AAPL')
    const approve = phone.getByRole('button', { name: 'Approve' })
    await approve.waitFor()
    await phone.keyboard.press('Tab')
    await phone.keyboard.press('Tab')
    await expect.poll(() => phone.evaluate(() => document.activeElement?.textContent)).toBe('Approve')
    await phone.keyboard.press('Enter')
    await vi.waitFor(async () => expect(await orders('p-ann')).toBe(1), { timeout: 60_000 })
  })

  // Each scheme orders another quantity: what a person said no to is not asked again at once.
  test.each([
    ['light', 56],
    ['dark', 57],
  ] as const)('axe-core finds no violation, %s', async (scheme, quantity) => {
    const phone = await phoneOf('ann', await open(scheme))
    expect(await violations(phone)).toEqual([])
    await chat('Ann Archer', `Buy ${quantity} shares of AAPL`)
    await phone.getByRole('article').waitFor()
    await picture(phone, `phone-${scheme}`)
    expect(await violations(phone)).toEqual([])
    await phone.getByText('Permissions if approved').click()
    expect(await violations(phone)).toEqual([])
    expect(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
    await phone.getByRole('button', { name: 'Deny' }).click()
    await phone.getByText('Denied').first().waitFor()
    expect(await violations(phone)).toEqual([])
  })

  test.each(['light', 'dark'] as const)(
    'an account is connected on the pages of app and upstream, %s',
    async (scheme) => {
      const page = await (await open(scheme)).newPage()
      await page.goto(app.url)
      expect(await violations(page)).toEqual([])
      if (scheme === 'light') await picture(page, 'login')
      await page.getByRole('button', { name: 'Bob Baker' }).click()
      await page.goto(`${app.url}/connections`)
      await page.getByRole('button', { name: 'Connect' }).first().click()
      expect(new URL(page.url()).origin).toBe(sandbox.settings.upstreamIssuer)
      await page.getByRole('button', { name: 'Bob Baker' }).click()
      await page.getByText('Connect your account?').waitFor()
      expect(await violations(page)).toEqual([])
      await picture(page, `connect-${scheme}`)
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByText('you declined').waitFor()
      await page.getByRole('button', { name: 'Connect' }).first().click()
      // The upstream knows the browser by now, and asks again all the same.
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.waitForURL(/connected=stocktrade/)
      const bob = app.identityOf('bob')
      expect(bob && (await app.vault.accounts.list(bob))).toMatchObject([{ status: 'connected' }])
      if (bob !== undefined) await app.vault.accounts.disconnect(bob, { connection: 'stocktrade', account: 'st-2002' })
    },
  )
})
