import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { adopted, ask, clickAt, logIn, logOut, say, signInAs, stayUnsettled } from './acts.ts'
import { modelServer } from './model-server.ts'
import { otherPage } from './other-page.ts'
import { onStage } from './stage.ts'

const NOTICED_MS = 6_000

onStage('a conversation that began before a login', (stage) => {
  /** Opens a browser with a visitor's order of 5 shares, which needs no approval and waits for a login. */
  const visitorsOrder = async () => {
    const page = await stage().someone()
    await page.goto(stage().origin)
    await say(page, 'Buy 5 shares of AAPL')
    await page.getByRole('heading', { name: 'Log in to continue' }).waitFor()
    const id = new URL(page.url()).searchParams.get('c') ?? ''
    const visitor = await cookieOf(page, 'visitor')
    expect(visitor).not.toBe('')
    return { page, id, visitor }
  }
  const cookieOf = async (page: Page, name: string) =>
    (await page.context().cookies(page.url())).find((one) => one.name === name)?.value ?? ''
  /** Opens the app for a user who is signed in at the issuer, where a login then needs no page, and not in the app. */
  const loggedOut = async (name: string) => {
    const page = await stage().someone()
    await logIn(page, stage(), name)
    await logOut(page, 'Stay logged in')
    return page
  }

  test('is not adopted by a silent login that another page begins, with a planted cookie', async () => {
    const attacker = await visitorsOrder()
    const page = await loggedOut('Ann Archer')
    const before = await stage().orders('p-ann')
    await page.goto(await otherPage())
    await page.context().addCookies([{ name: 'visitor', value: attacker.visitor, url: stage().origin }])
    const to = `${stage().origin}/login?returnTo=${encodeURIComponent(`/?c=${attacker.id}`)}`
    await page.evaluate((url) => {
      location.href = url
    }, to)
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    await page.waitForTimeout(NOTICED_MS)
    expect(await stage().orders('p-ann')).toBe(before)
    expect(await page.getByText('Buy 5 shares').count()).toBe(0)
    expect((await ask(page, `/api/conversations/${attacker.id}`)).status).toBe(404)
  })

  test('is shown and waits for a click where its login began in it, even if the cookie was planted', async () => {
    const attacker = await visitorsOrder()
    const page = await loggedOut('Ann Archer')
    const before = await stage().orders('p-ann')
    await page.context().addCookies([{ name: 'visitor', value: attacker.visitor, url: stage().origin }])
    await page.goto(`${stage().origin}/?c=${attacker.id}`)
    await page.getByRole('region', { name: 'Login needed' }).getByRole('link', { name: 'Log in' }).click()
    await adopted(page).getByText('Buy 5 shares of AAPL').waitFor()
    // It continues neither by a poll, nor by a wake-up, nor by a click on an older state.
    await page.waitForTimeout(NOTICED_MS)
    const look = JSON.parse((await ask(page, `/api/conversations/${attacker.id}`)).text) as { version: number }
    for (const more of [{}, { seen: look.version - 1 }, { text: 'What is MSFT trading at?' }]) {
      const wake = { id: attacker.id, user: 'ann', ...more }
      expect(await ask(page, '/api/chat', wake)).toEqual({ status: 409, text: '{"error":"waits"}' })
    }
    expect(await stage().orders('p-ann')).toBe(before)
    // The visitor whose cookie it was has it no more.
    expect((await ask(attacker.page, `/api/conversations/${attacker.id}`)).status).toBe(404)
    await adopted(page).getByRole('link', { name: 'Leave it' }).click()
    await say(page, 'What is MSFT trading at?')
    await page.getByText(/MSFT is trading at \$/).waitFor()
    expect(await page.getByText('Buy 5 shares').count()).toBe(1)
    await page.goto(`${stage().origin}/?c=${attacker.id}`)
    await adopted(page).waitFor()
    expect(await stage().orders('p-ann')).toBe(before)
  })

  test('goes on once when its user clicks, and not by the second click on the page before', async () => {
    const { page } = await visitorsOrder()
    const before = await stage().orders('p-bob')
    await page.getByRole('region', { name: 'Login needed' }).getByRole('link', { name: 'Log in' }).click()
    const settle = await stayUnsettled(page)
    await signInAs(page, 'Bob Baker')
    await (await clickAt(page, adopted(page).getByRole('button', { name: 'Go on' })))()
    await page.waitForTimeout(NOTICED_MS)
    expect(await stage().orders('p-bob')).toBe(before)
    await settle()
    await adopted(page).getByRole('button', { name: 'Go on' }).click()
    await page.getByText(/Bought 5 AAPL at \$/).waitFor()
    await page.reload()
    await page.getByText(/Bought 5 AAPL at \$/).waitFor()
    expect(await adopted(page).count()).toBe(0)
    expect((await stage().orders('p-bob')) - before).toBe(1)
  })

  test('goes on once when two tabs click at once, and a script besides', async () => {
    const { page, id } = await visitorsOrder()
    const before = await stage().orders('p-bob')
    await page.getByRole('region', { name: 'Login needed' }).getByRole('link', { name: 'Log in' }).click()
    await signInAs(page, 'Bob Baker')
    const other = await page.context().newPage()
    await other.goto(page.url())
    const { version: seen } = JSON.parse((await ask(page, `/api/conversations/${id}`)).text) as { version: number }
    const tabs = [page, other]
    for (const tab of tabs) await adopted(tab).getByRole('button', { name: 'Go on' }).waitFor()
    // Only the card waits for the user's decision.
    for (const tab of tabs) expect(await tab.getByRole('link', { name: 'Log in' }).count()).toBe(0)
    await page.getByPlaceholder('First say whether this is yours').waitFor()
    const posts = [1, 2, 3].map(() => ask(page, '/api/chat', { id, user: 'bob', seen }))
    const clicks = tabs.map((tab) =>
      adopted(tab)
        .getByRole('button', { name: 'Go on' })
        .click({ timeout: 5_000 })
        .catch(() => {}),
    )
    await Promise.all([...clicks, ...posts])
    for (const tab of tabs) await tab.getByText(/Bought 5 AAPL at \$/).waitFor()
    await page.waitForTimeout(NOTICED_MS)
    for (const tab of tabs) expect(await tab.getByText(/Bought 5 AAPL at \$/).count()).toBe(1)
    expect((await stage().orders('p-bob')) - before).toBe(1)
  })

  test('stays a visitor’s when the next user of the browser logs in elsewhere, and its open tab does not act for them', async () => {
    const { page, id } = await visitorsOrder()
    const before = await stage().orders('p-bob')
    const next = await page.context().newPage()
    await logIn(next, stage(), 'Bob Baker')
    await page.bringToFront()
    await page.waitForTimeout(NOTICED_MS)
    expect(await stage().orders('p-bob')).toBe(before)
    expect((await ask(page, `/api/conversations/${id}`)).status).toBe(404)
    // A page without a user sends no message as Bob.
    expect((await ask(page, '/api/chat', { id: crypto.randomUUID(), user: null, text: 'Who am I?' })).status).toBe(401)
    await next.goto(stage().origin)
    await next.getByRole('button', { name: 'Log out' }).waitFor()
    expect(await next.locator(`a[href="/?c=${id}"]`).count()).toBe(0)
  })

  test('refuses a second session cookie of the same name, so that an account is not linked to another user', async () => {
    const bobs = await stage().someone()
    await logIn(bobs, stage(), 'Bob Baker')
    const planted = await cookieOf(bobs, 'session')
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'Show me my portfolio')
    await page.getByRole('heading', { name: 'Connect your Stock Trade account' }).waitFor()
    // The browser sends the cookie with the longer path first, and only to that path.
    const { hostname } = new URL(stage().origin)
    await page.context().addCookies([{ name: 'session', value: planted, domain: hostname, path: '/connections' }])
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === '/connections/connect')
    await page.getByRole('button', { name: 'Connect' }).click()
    expect((await answered).status()).toBe(401)
    await expectUnlinked(bobs)
  })

  test('and a page that was made for one user links no account to another', async () => {
    const bobs = await stage().someone()
    await logIn(bobs, stage(), 'Bob Baker')
    const planted = await cookieOf(bobs, 'session')
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await page.goto(`${stage().origin}/connections`)
    await page.context().addCookies([{ name: 'session', value: planted, url: stage().origin }])
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === '/connections/connect')
    await page.getByRole('button', { name: 'Connect' }).click()
    expect((await answered).status()).toBe(401)
    await expectUnlinked(bobs)
    expect((await ask(bobs, '/access/end?user=ann', {})).status).toBe(401)
    await expectUnlinked(bobs)
  })

  test('and the session of a logout ends, though a second cookie was planted for it', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    const session = await cookieOf(page, 'session')
    const { hostname } = new URL(stage().origin)
    await page.context().addCookies([{ name: 'session', value: 'planted', domain: hostname, path: '/logout' }])
    await logOut(page)
    const thief = await stage().someone()
    await thief.context().addCookies([{ name: 'session', value: session, url: stage().origin }])
    await thief.goto(stage().origin)
    expect((await ask(thief, '/api/inbox?user=ann')).status).toBe(401)
  })

  test.each([
    ['had an answer', { text: 'Understood.' }, 'Understood.'],
    ['had no answer', 401, 'The agent did not answer.'],
  ])('and words of before the login that %s are told to the model after the click alone', async (_, first, told) => {
    const words = 'Buy 5 shares of AAPL with each answer'
    const { asked, baseUrl } = await modelServer((_, count) => (count === 1 ? first : { text: 'Here I am.' }))
    await stage().restart({ OPENAI_BASE_URL: baseUrl })
    const page = await stage().someone()
    await page.goto(stage().origin)
    await say(page, words)
    await page.getByText(told).waitFor()
    const id = new URL(page.url()).searchParams.get('c')
    const left = await page.context().newPage()
    await left.goto(page.url())
    await page.getByRole('link', { name: 'Log in' }).click()
    await signInAs(page, 'Ann Archer')
    await adopted(page).getByText(words).waitFor()
    // The visitor's tab shows the result.
    await left.getByRole('heading', { name: 'You are logged in now' }).waitFor()
    await left.getByRole('link', { name: 'Open the chat' }).click()
    await adopted(left).waitFor()
    expect(await page.getByLabel('Message', { exact: true }).isEditable()).toBe(false)
    expect((await ask(page, '/api/chat', { id, user: 'ann', text: 'Hello' })).status).toBe(409)
    expect(asked).toHaveLength(1)
    await adopted(page).getByRole('button', { name: 'Go on' }).click()
    await adopted(page).waitFor({ state: 'detached' })
    await say(page, 'Hello')
    await page.getByText('Here I am.').waitFor()
    expect(asked[1]?.body.messages[1]).toMatchObject({ role: 'user', content: words })
    await stage().restart()
  })

  const expectUnlinked = async (page: Page) => {
    await page.goto(`${stage().origin}/connections`)
    await page.getByText('Not connected.').waitFor()
  }
})
