import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { answerOnPhone, ask, asked, logIn, logOut, say, signInAs, verdict, waiting } from './acts.ts'
import { modelServer } from './model-server.ts'
import { onStage } from './stage.ts'

const NINE_HOURS = String(9 * 3600)

const sessionOf = async (page: Page) =>
  (await page.context().cookies(page.url())).find(({ name }) => name === 'session')

onStage('a login', (stage) => {
  const again = async (page: Page) => {
    await page.getByRole('alert').getByRole('link', { name: 'Log in' }).click()
    if (page.url().includes('/interaction/')) await signInAs(page, 'Ann Archer')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
  }

  test('that ends in the middle of a conversation is asked for again, and nothing is said meanwhile', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'Who am I?')
    await page.getByText(/You are ann/).waitFor()
    await stage().restart({ CLOCK_AHEAD_SECONDS: NINE_HOURS })
    await say(page, 'Buy 70 shares of AAPL')
    await page.getByRole('heading', { name: 'Your login has ended' }).waitFor()
    expect(await waiting(page).count()).toBe(0)
    expect(await stage().sandbox.target.authorizationServer.controls.pendingRequests('ann')).toEqual([])
    await stage().restart()
    await again(page)
    await page.getByText(/You are ann/).waitFor()
  })

  test('that ends while an order waits hides it, and it waits on for the next login', async () => {
    const { page } = await asked(stage(), 'Buy 71 shares of AAPL')
    const before = await stage().orders('p-ann')
    // Logged out elsewhere: this tab does not know.
    const elsewhere = await page.context().newPage()
    await elsewhere.goto(stage().origin)
    await logOut(elsewhere)
    await page.getByRole('heading', { name: 'Your login has ended' }).waitFor()
    await answerOnPhone(stage(), 'ann', 'Buy 71 shares of AAPL', 'Approve')
    expect(await stage().orders('p-ann')).toBe(before)
    await again(page)
    await page.getByText(/Bought 71 AAPL at \$/).waitFor()
    await verdict(page, 'Approved').waitFor()
    expect(await stage().orders('p-ann')).toBe(before + 1)
  })

  test('that ends while the model thinks: what it calls after that does not act', async () => {
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { asked: toldModel, baseUrl } = await modelServer(async (_, count) => {
      if (count > 1) return { text: 'So be it.' }
      asked.resolve()
      await answer.promise
      return { tool: 'create_order', input: { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 5 } }
    })
    await stage().restart({ OPENAI_BASE_URL: baseUrl })
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    const before = await stage().orders('p-ann')
    const elsewhere = await page.context().newPage()
    await elsewhere.goto(stage().origin)
    const id = crypto.randomUUID()
    const turn = ask(page, '/api/chat', { id, user: 'ann', text: 'Buy 5 shares of AAPL' })
    await asked.promise
    const queued = ask(page, '/api/chat', { id, user: 'ann', text: 'Buy 50 shares of AAPL' })
    await logOut(elsewhere)
    answer.resolve()
    expect((await turn).text).toContain('tool-output-error')
    // The model is not asked for a message that waited when the user logged out.
    expect((await queued).status).toBe(401)
    expect(toldModel).toHaveLength(2)
    expect(await stage().orders('p-ann')).toBe(before)
    await stage().restart()
  })

  test('of another user in another tab: a message in the first tab is not sent as that user', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await page.goto(stage().origin)
    const elsewhere = await page.context().newPage()
    await page.context().clearCookies()
    await logIn(elsewhere, stage(), 'Bob Baker')
    await say(page, 'Buy 5 shares of AAPL')
    await page.getByRole('heading', { name: 'Your login has ended' }).waitFor()
    expect(await stage().orders('p-bob')).toBe(0)
    await elsewhere.goto(stage().origin)
    expect(await elsewhere.getByText('Buy 5 shares of AAPL').count()).toBe(0)
  })

  test('has a new session id each time, and the one before opens nothing', async () => {
    const page = await stage().someone()
    // Planted by an attacker, who knows it.
    await page.context().addCookies([{ name: 'session', value: 'planted', url: stage().origin }])
    await logIn(page, stage(), 'Ann Archer')
    const first = await sessionOf(page)
    expect(first).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
    expect(first?.value).not.toBe('planted')
    await page.goto(`${stage().origin}/login?returnTo=/inbox`)
    if (page.url().includes('/interaction/')) await signInAs(page, 'Ann Archer')
    await page.getByRole('heading', { level: 1, name: 'Inbox' }).waitFor()
    const second = await sessionOf(page)
    expect(second?.value).not.toBe(first?.value)
    expect((await ask(page, '/api/inbox?user=ann')).status).toBe(200)
    const thief = await stage().someone()
    await thief.context().addCookies([{ name: 'session', value: first?.value ?? '', url: stage().origin }])
    await thief.goto(`${stage().origin}/inbox`)
    expect((await ask(thief, '/api/inbox?user=ann')).status).toBe(401)
    // A logout ends the session at the server, not only in this browser.
    await logOut(page)
    await thief.context().addCookies([{ name: 'session', value: second?.value ?? '', url: stage().origin }])
    expect((await ask(thief, '/api/inbox?user=ann')).status).toBe(401)
  })

  test('ends at the issuer too when its user says so there: the next person at the browser is asked who they are', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await logOut(page, 'Stay logged in')
    await page.getByRole('link', { name: 'Log in' }).click()
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    await logOut(page)
    await page.getByRole('link', { name: 'Log in' }).click()
    await signInAs(page, 'Bob Baker')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    expect(await page.locator('.who .name').textContent()).toBe('bob')
  })
})
