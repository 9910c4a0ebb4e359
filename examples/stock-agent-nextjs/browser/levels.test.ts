import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerOnPhone, connectAccount, say, signInAs, waiting } from './acts.ts'
import { hasChromium } from './chromium.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  if (hasChromium) stage = await openStage()
})
afterAll(() => stage?.close())

test.skipIf(!hasChromium)('the four levels, in one conversation that begins without a login', async () => {
  const page = await stage.someone()
  await page.goto(stage.origin)
  await say(page, 'What is AAPL trading at?')
  await page.getByText(/AAPL is trading at \$/).waitFor()
  await say(page, 'Who am I?')
  await page.getByRole('heading', { name: 'Log in to go on' }).waitFor()
  await page.getByRole('region', { name: 'Login needed' }).getByRole('link', { name: 'Log in' }).click()
  await signInAs(page, 'Ann Archer')
  await page.getByText(/You are ann, signed in at/).waitFor()
  expect(await page.getByText(/AAPL is trading at \$/).count()).toBe(1)
  await say(page, 'Show me my portfolio')
  await connectAccount(page, 'Ann Archer')
  await page.getByText(/Portfolio p-ann: 120 AAPL/).waitFor()
  await say(page, 'Buy 50 shares of AAPL')
  await waiting(page).getByRole('heading', { name: 'Buy 50 shares of AAPL' }).waitFor()
  await waiting(page)
    .getByText(/\d:\d\d left/)
    .waitFor()
  expect(await stage.orders('p-ann')).toBe(0)
  await answerOnPhone(stage, 'ann', 'Buy 50 shares of AAPL', 'Approve')
  await page.getByText(/Bought 50 AAPL at \$/).waitFor()
  await page.getByRole('region', { name: 'Order' }).getByText('Approved').waitFor()
  expect(await stage.orders('p-ann')).toBe(1)
})
