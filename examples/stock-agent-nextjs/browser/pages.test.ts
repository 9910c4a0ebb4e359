import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { adopted, answerOnPhone, asked, connectAccount, logIn, say, signInAs, verdict, waiting } from './acts.ts'
import { violations } from './chromium.ts'
import { onStage } from './stage.ts'

/** With `BEHALF_SCREENSHOTS=1`, the images are stored in the documentation. Else they are discarded. */
const isKept = process.env.BEHALF_SCREENSHOTS === '1'
const folder = fileURLToPath(new URL('../../../docs/images/', import.meta.url))

const DESKTOP = { width: 900, height: 780 }
const PHONE = { width: 390, height: 844 }
const NARROWEST = { width: 360, height: 740 }

/** Checks accessibility with axe-core in light and dark mode, and that nothing is wider than a small phone. */
async function expectSound(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await violations(page), `${page.url()} ${colorScheme}`).toEqual([])
  }
  await page.setViewportSize(NARROWEST)
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  expect(width, page.url()).toBeLessThanOrEqual(NARROWEST.width)
  expect(await violations(page), `${page.url()} at ${NARROWEST.width}`).toEqual([])
  await page.setViewportSize(DESKTOP)
}

async function picture(page: Page, name: string): Promise<void> {
  if (isKept) mkdirSync(folder, { recursive: true })
  for (const [device, size] of Object.entries({ '': DESKTOP, '-phone': PHONE })) {
    await page.setViewportSize(size)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.evaluate(() => scrollTo(0, 0))
      const path = `${folder}web-${name}${device}-${colorScheme}.png`
      const image = await page.screenshot(isKept ? { path } : {})
      expect(image.length).toBeLessThan(200_000)
    }
  }
  await page.setViewportSize(DESKTOP)
}

onStage('every page', (stage) => {
  test('of a visitor', async () => {
    const page = await stage().someone({ viewport: DESKTOP })
    for (const [path, shown] of Object.entries({
      '/': 'Ask for a price, your portfolio, or an order.',
      '/?login=failed': 'The login did not work.',
      '/?login=early': 'log in again in half a minute',
      '/inbox': 'This page shows what is yours',
      '/activity': 'This page shows what is yours',
      '/connections': 'This page shows what is yours',
      '/nowhere': 'There is no such page.',
    })) {
      await page.goto(`${stage().origin}${path}`)
      await page.getByText(shown).waitFor()
      await expectSound(page)
    }
    await page.goto(stage().origin)
    await say(page, 'What is AAPL trading at?')
    await page.getByText(/AAPL is trading at \$/).waitFor()
    await page.getByPlaceholder('Message the agent').waitFor()
    await say(page, 'Show me my portfolio')
    await page.getByRole('heading', { name: 'Log in to continue' }).waitFor()
    await expectSound(page)
    const left = await page.context().newPage()
    await left.setViewportSize(DESKTOP)
    await left.goto(page.url())
    await left.getByRole('heading', { name: 'Log in to continue' }).waitFor()
    await page.getByRole('region', { name: 'Login needed' }).getByRole('link', { name: 'Log in' }).click()
    await signInAs(page, 'Ann Archer')
    await adopted(page).getByText('Show me my portfolio').waitFor()
    await expectSound(page)
    await left.getByRole('heading', { name: 'You are logged in now' }).waitFor()
    await expectSound(left)
  })

  test('of a user whose account is not linked, and then is', async () => {
    const page = await stage().someone({ viewport: DESKTOP })
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'What is AAPL trading at?')
    await page.getByText(/AAPL is trading at \$/).waitFor()
    await page.getByPlaceholder('Message the agent').waitFor()
    await say(page, 'Show me my portfolio')
    await page.getByRole('heading', { name: 'Connect your Stock Trade account' }).waitFor()
    await expectSound(page)
    await connectAccount(page, 'Ann Archer')
    await page.getByText(/Portfolio p-ann: 120 AAPL/).waitFor()
    await page.getByPlaceholder('Message the agent').waitFor()
    await say(page, 'Buy 50 shares of AAPL')
    await waiting(page).waitFor()
    await expectSound(page)
    await picture(page, 'waiting')
    await answerOnPhone(stage(), 'ann', 'Buy 50 shares of AAPL', 'Approve')
    await verdict(page, 'Approved').waitFor()
    await page.getByText(/Bought 50 AAPL at \$/).waitFor()
    await page.getByPlaceholder('Message the agent').waitFor()
    await expectSound(page)
    await page.goto(`${stage().origin}/connections`)
    await page.getByText('Connected, with access to portfolio:read.').waitFor()
    await expectSound(page)
  })

  test('of what was asked and what was done', async () => {
    const { page } = await asked(stage(), 'Buy 70 shares of AAPL')
    await answerOnPhone(stage(), 'ann', 'Buy 70 shares of AAPL', 'Deny')
    await verdict(page, 'Denied').waitFor()
    await page.getByPlaceholder('Message the agent').waitFor()
    await say(page, "Show me Bob's portfolio")
    await page
      .getByText(/That was not done\./)
      .last()
      .waitFor()
    await page.getByPlaceholder('Message the agent').waitFor()
    await say(page, 'Buy 60 shares of MSFT')
    await waiting(page).waitFor()
    await page.goto(`${stage().origin}/inbox`)
    await page
      .getByRole('region', { name: 'Requests of your agent' })
      .getByText('Buy 60 shares of MSFT')
      .first()
      .waitFor()
    await page.getByRole('region', { name: 'Decided' }).getByText('Buy 70 shares of AAPL').waitFor()
    await expectSound(page)
    await page.goto(`${stage().origin}/activity`)
    await page.locator('.timeline > li').filter({ hasText: 'Buy 70 shares of AAPL' }).getByText('Why').click()
    await expectSound(page)
    await picture(page, 'activity')
  })

  test('of the supervisor, and of a user whose login has ended', async () => {
    const { page } = await asked(stage(), 'Buy 1500 shares of AAPL', 'Cleo Carter')
    const sues = await stage().someone({ viewport: DESKTOP })
    await logIn(sues, stage(), 'Sue Summers')
    await sues.goto(`${stage().origin}/inbox`)
    await sues.getByRole('article', { name: 'Buy 1500 shares of AAPL' }).waitFor()
    await expectSound(sues)
    await page.context().clearCookies()
    await page.getByRole('heading', { name: 'Your login has ended' }).waitFor()
    await expectSound(page)
  })
})
