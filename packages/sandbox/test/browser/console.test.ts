import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/http/listen.ts'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { callsOf, report, reported } from '../sandbox/console-calls.ts'
import { chromiumMissing, hasChromium, type Scheme, startChromium, violations } from './chromium.ts'

/** Kept in the documentation when asked: `BEHALF_SCREENSHOTS=1`. Else they are taken and thrown away. */
const pictures = process.env.BEHALF_SCREENSHOTS === '1'
const folder = fileURLToPath(new URL('../../../../docs/images/', import.meta.url))

const KEPT: readonly string[] = ['console-light', 'console-denied-dark', 'console-phone-light']

const DESKTOP = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }

if (!hasChromium) test('the console in a browser', ({ skip }) => skip(chromiumMissing))

describe.runIf(hasChromium)('the console in a browser', { timeout: 240_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startChromium()
  }, 30_000)
  afterAll(() => browser?.close())

  const started = async (options: Parameters<typeof startSandbox>[0] = {}) => {
    const sandbox = await startSandbox(options)
    onTestFinished(() => sandbox.close())
    return sandbox
  }
  const context = async (scheme: Scheme = 'light', viewport = DESKTOP): Promise<BrowserContext> => {
    const opened = await browser.newContext({ viewport, colorScheme: scheme, locale: 'en-GB' })
    opened.setDefaultTimeout(120_000)
    onTestFinished(() => opened.close())
    return opened
  }
  const open = async (sandbox: Sandbox, scheme?: Scheme, viewport?: typeof DESKTOP): Promise<Page> => {
    const page = await (await context(scheme, viewport)).newPage()
    await page.goto(sandbox.consoleUrl)
    await page.getByText('Live', { exact: true }).waitFor()
    return page
  }
  const rows = (page: Page) => page.locator('.rows a')
  const picture = async (page: Page, name: string) => {
    if (pictures) mkdirSync(folder, { recursive: true })
    const isKept = pictures && KEPT.includes(name)
    const image = await page.screenshot(isKept ? { path: `${folder}${name}.png` } : {})
    expect(image.length).toBeLessThan(300_000)
  }
  const isWithin = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)

  test('shows a call while it waits, its answer, and its end, without a reload', async () => {
    const sandbox = await started()
    const page = await open(sandbox)
    await page.getByText('No call yet.').waitFor()
    const outcome = callsOf(sandbox).buy('ann', 50)
    await rows(page).filter({ hasText: 'waiting' }).waitFor()
    await rows(page).first().click()
    await page.getByRole('heading', { name: 'Question and answer' }).waitFor()
    await page.getByText('A person has to answer.').or(page.getByText('asked')).first().waitFor()
    await sandbox.fault('approve')
    expect(await outcome).toMatchObject({ status: 'done' })
    const detail = page.getByRole('region', { name: 'create_order' })
    await detail.getByText('POST /orders -> 201').waitFor()
    await rows(page).filter({ hasText: 'done' }).waitFor()
    expect(await rows(page).count()).toBe(1)
  })

  test('explains a denied call by one click, and goes back by Escape and by the history', async () => {
    const sandbox = await started()
    const page = await open(sandbox)
    await callsOf(sandbox).view('bob', 'p-ann')
    await rows(page).filter({ hasText: 'denied' }).click()
    const detail = page.getByRole('region', { name: 'get_portfolio' })
    await detail.getByText('What to do').waitFor()
    expect(await detail.textContent()).toContain('user:bob user_can_view portfolio:p-ann: no')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('about')
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'Requests and events' }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('get_portfolio')
    await page.keyboard.press('Enter')
    await detail.waitFor()
    await page.goBack()
    await page.getByRole('region', { name: 'Requests and events' }).waitFor()
    // The address opens the same call in another window.
    await page.goForward()
    await page.reload()
    await detail.getByText('What to do').waitFor()
  })

  test('is filtered by user and by tool, and stays so when calls come', async () => {
    const sandbox = await started()
    const calls = callsOf(sandbox)
    await calls.view('ann')
    await calls.view('bob')
    const page = await open(sandbox)
    expect(await rows(page).count()).toBe(2)
    await page.getByLabel('User').selectOption('bob')
    await rows(page).filter({ hasText: 'ann' }).waitFor({ state: 'detached' })
    await calls.view('ann')
    await calls.close('bob')
    await rows(page).filter({ hasText: 'close_account' }).waitFor()
    expect(await rows(page).count()).toBe(2)
    await page.getByLabel('Tool').selectOption('get_portfolio')
    await rows(page).filter({ hasText: 'close_account' }).waitFor({ state: 'detached' })
    expect(await rows(page).count()).toBe(1)
    expect(new URL(page.url()).search).toBe('?user=bob&tool=get_portfolio')
  })

  test('keeps what the person opened, selected and has the focus on while calls come', async () => {
    const sandbox = await started()
    const calls = callsOf(sandbox)
    await calls.close('ann')
    const page = await open(sandbox)
    await rows(page).first().click()
    const summary = page.getByText('Explain it in your app')
    await summary.click()
    await page.evaluate(() => getSelection()?.selectAllChildren(document.querySelector('pre') as Element))
    await calls.view('bob')
    await rows(page).nth(1).waitFor()
    expect(await page.locator('pre').isVisible()).toBe(true)
    expect(await page.evaluate(() => String(getSelection()))).toContain('explainAccess')
    await rows(page).nth(1).focus()
    await calls.view('bob')
    await rows(page).nth(2).waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('close_account')
  })

  test('asks for itself a few times only while many calls come, and ends with all of them', async () => {
    const sandbox = await started()
    const page = await open(sandbox)
    let loads = 0
    page.on('request', (request) => {
      if (request.url() === page.url()) loads++
    })
    for (let count = 0; count < 150; count++) await report(sandbox, reported({ tool: `tool_${count}` }))
    await rows(page).filter({ hasText: 'tool_149' }).waitFor()
    expect(await rows(page).count()).toBe(150)
    expect(loads).toBeGreaterThan(0)
    expect(loads).toBeLessThan(40)
  })

  test('runs nothing that a tool or a user is called, and is no wider than a phone with names without spaces', async () => {
    const sandbox = await started()
    const page = await open(sandbox, 'light', PHONE)
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    page.on('dialog', async (dialog) => {
      errors.push(dialog.message())
      await dialog.dismiss()
    })
    const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>'
    const long = 'w'.repeat(300)
    for (const tool of [markup, long, '\u202Eyap']) {
      await report(sandbox, reported({ tool, agent: tool, code: tool, principal: { issuer: 'x', subject: tool } }))
    }
    await rows(page).nth(2).waitFor()
    expect(await isWithin(page)).toBe(true)
    for (const index of [0, 1, 2]) {
      await rows(page).nth(index).click()
      await page.getByText('Why').waitFor()
      expect(await isWithin(page)).toBe(true)
      expect(await page.locator('img').count()).toBe(0)
      await page.getByText('All calls').click()
      await rows(page).nth(index).waitFor()
    }
    expect(errors).toEqual([])
  })

  test('another page on this machine cannot read it, frame it, follow it or report to it', async () => {
    const sandbox = await started()
    const opened = await context()
    const page = await opened.newPage()
    await page.goto(sandbox.consoleUrl)
    const elsewhere = await listen(0)
    onTestFinished(() => elsewhere.close())
    elsewhere.serve((_request, response) => response.setHeader('content-type', 'text/html').end('<title>Evil</title>'))
    const evil = await opened.newPage()
    await evil.goto(elsewhere.origin)
    const { url, key } = sandbox.settings.reports
    const tried = await evil.evaluate(
      async ([address, reports, secret, body]) => {
        const outcome = (work: Promise<unknown>) =>
          work.then(
            () => 'yes',
            () => 'no',
          )
        const source = new EventSource(`${address}/events`, { withCredentials: true })
        const followed = new Promise((resolve, reject) => {
          source.onopen = resolve
          source.onerror = reject
        })
        const frame = document.createElement('iframe')
        const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
        frame.src = address ?? ''
        document.body.append(frame)
        await loaded
        return [
          await outcome(fetch(address ?? '', { credentials: 'include' })),
          await outcome(followed),
          frame.contentDocument === null ? 'no' : 'yes',
          await outcome(
            fetch(reports ?? '', { method: 'POST', headers: { authorization: `Bearer ${secret}` }, body: body ?? '' }),
          ),
          await outcome(fetch(reports ?? '', { method: 'POST', mode: 'no-cors', body: body ?? '' })),
        ]
      },
      [page.url(), url, key, JSON.stringify(reported({ tool: 'by_a_page' }))],
    )
    // The last one is sent, and refused.
    expect(tried).toEqual(['no', 'no', 'no', 'no', 'yes'])
    await page.reload()
    expect(await page.getByText('by_a_page').count()).toBe(0)
    expect(evil.frames().map((frame) => frame.url())).not.toContain(page.url())
  })

  test.each(['light', 'dark'] as const)(
    'axe-core finds no violation, and nothing is wider than a phone, %s',
    async (scheme) => {
      const sandbox = await started()
      const page = await open(sandbox, scheme)
      expect(await violations(page)).toEqual([])
      const calls = callsOf(sandbox)
      await calls.view('ann')
      await sandbox.fault('approve')
      await calls.buy('ann', 50)
      await calls.view('bob', 'p-ann')
      await calls.close('bob')
      await sandbox.fault('deny')
      await calls.buy('bob', 20)
      const waits = calls.buy('ann', 12)
      await rows(page).filter({ hasText: 'waiting' }).waitFor()
      await picture(page, `console-servers-${scheme}`)
      expect(await violations(page)).toEqual([])
      await rows(page).filter({ hasText: 'get_portfolio' }).filter({ hasText: 'denied' }).click()
      await page.getByText('What to do').waitFor()
      await picture(page, `console-denied-${scheme}`)
      expect(await violations(page)).toEqual([])
      await rows(page).filter({ hasText: '50 shares' }).click()
      await page.getByRole('heading', { name: 'Question and answer' }).waitFor()
      await picture(page, `console-${scheme}`)
      expect(await violations(page)).toEqual([])
      await page.setViewportSize(PHONE)
      await picture(page, `console-phone-call-${scheme}`)
      expect([await violations(page), await isWithin(page)]).toEqual([[], true])
      await page.getByText('All calls').click()
      await rows(page).first().waitFor()
      await picture(page, `console-phone-${scheme}`)
      expect([await violations(page), await isWithin(page)]).toEqual([[], true])
      await sandbox.fault('deny')
      await waits
    },
  )
})
