import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { ask, clickAt, logIn, say, signInAs, stayUnsettled } from './acts.ts'
import { onStage } from './stage.ts'

onStage('lists of what a user has', (stage) => {
  test('show the invisible characters of an earlier conversation', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'What is \u202Etnirp\u202C worth?')
    await page.waitForURL(/[?&]c=/)
    const earlier = async () => {
      await page.goto(stage().origin)
      return (await page.getByRole('navigation', { name: 'Earlier conversations' }).allTextContents()).join()
    }
    await expect.poll(earlier, { timeout: 60_000 }).toContain('[U+202E]')
    expect(await earlier()).not.toContain('\u202E')
  })

  test('take no click that was meant for the account that stood there before', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Cleo Carter')
    await page.goto(`${stage().origin}/connections`)
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await signInAs(page, 'Cleo Carter')
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('status').getByText('The account is connected.').waitFor()
    const settle = await stayUnsettled(page)
    await page.goto(`${stage().origin}/connections`)
    const disconnect = page.getByRole('button', { name: /^Disconnect/ })
    const click = await clickAt(page, disconnect)
    await click()
    await page.waitForTimeout(2000)
    expect(await accountsOf(page)).toBe(1)
    await settle()
    await click()
    await page.getByRole('status').getByText('The account is disconnected.').waitFor()
    expect(await accountsOf(page)).toBe(0)
  })

  const accountsOf = async (page: Page) => {
    const { text } = await ask(page, '/connections/accounts')
    return (JSON.parse(text) as { readonly accounts: readonly unknown[] }).accounts.length
  }
})
