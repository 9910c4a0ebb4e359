import { expect, test } from 'vitest'
import { answerOnPhone, ask, asked, logIn, say, signInAs, verdict, waiting } from './acts.ts'
import { onStage } from './stage.ts'

onStage('an order that waits', (stage) => {
  const pending = () => stage().sandbox.target.authorizationServer.controls.pendingRequests('ann')

  test('is the same card after a reload and in a second tab, and is placed once', async () => {
    const { page, before } = await asked(stage(), 'Buy 40 shares of AAPL')
    await page.reload()
    await waiting(page).getByRole('heading', { name: 'Buy 40 shares of AAPL' }).waitFor()
    const second = await page.context().newPage()
    await second.goto(page.url())
    await waiting(second).getByRole('heading', { name: 'Buy 40 shares of AAPL' }).waitFor()
    expect(await pending()).toHaveLength(1)
    await answerOnPhone(stage(), 'ann', 'Buy 40 shares of AAPL', 'Approve')
    for (const tab of [page, second]) {
      await verdict(tab, 'Approved').waitFor()
      await tab.getByText(/Bought 40 AAPL at \$/).waitFor()
      expect(await tab.getByText(/Bought 40 AAPL at \$/).count()).toBe(1)
    }
    expect((await stage().orders('p-ann')) - before).toBe(1)
  })

  test('is the same card after the server restarted', async () => {
    const { page, before } = await asked(stage(), 'Buy 41 shares of AAPL')
    await stage().restart()
    await page.reload()
    await waiting(page).getByRole('heading', { name: 'Buy 41 shares of AAPL' }).waitFor()
    expect(await pending()).toHaveLength(1)
    await answerOnPhone(stage(), 'ann', 'Buy 41 shares of AAPL', 'Approve')
    await page.getByText(/Bought 41 AAPL at \$/).waitFor()
    expect((await stage().orders('p-ann')) - before).toBe(1)
  })

  test('is placed when the answer came while the server was down, in a page that was not reloaded', async () => {
    const { page, before } = await asked(stage(), 'Buy 42 shares of AAPL')
    await stage().restart({}, () => answerOnPhone(stage(), 'ann', 'Buy 42 shares of AAPL', 'Approve'))
    await page.getByText(/Bought 42 AAPL at \$/).waitFor()
    expect((await stage().orders('p-ann')) - before).toBe(1)
  })

  test('is placed to its end in a page that was left, and two tabs are heard one after the other', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    const id = crypto.randomUUID()
    const words = (text: string) => ({ id, user: 'ann', text })
    await page.evaluate(
      async (body) => {
        const leaving = new AbortController()
        const headers = { 'content-type': 'application/json' }
        await fetch('/api/chat', { method: 'POST', headers, body, signal: leaving.signal })
        leaving.abort()
      },
      JSON.stringify(words('Buy 5 shares of AAPL')),
    )
    const [one, other] = ['What is AAPL trading at?', 'Who am I?']
    await Promise.all([ask(page, '/api/chat', words(one)), ask(page, '/api/chat', words(other))])
    await page.goto(`${stage().origin}/?c=${id}`)
    for (const answer of [/^Bought 5 AAPL at/, /^AAPL is trading at/, /^You are ann/]) {
      await page.getByText(answer).waitFor()
      expect(await page.getByText(answer).count()).toBe(1)
    }
    for (const said of [one, other]) await page.getByRole('article', { name: 'You' }).getByText(said).waitFor()
  })

  test('is not seen by a second process on the same files, which says at its start that there is one', async () => {
    await expect(stage().another()).rejects.toThrow('another process uses DATA_DIRECTORY')
    const page = await stage().someone()
    await page.goto(stage().origin)
    await page.getByText('Ask for a price').waitFor()
  })

  test('is not placed after a no on the phone, which is told', async () => {
    const { page, before } = await asked(stage(), 'Buy 43 shares of AAPL')
    await answerOnPhone(stage(), 'ann', 'Buy 43 shares of AAPL', 'Deny')
    await verdict(page, 'Denied').waitFor()
    await page.getByText(/That was not done\./).waitFor()
    expect(await stage().orders('p-ann')).toBe(before)
  })

  test('is not placed without an answer', async () => {
    const { page, before } = await asked(stage(), 'Buy 44 shares of AAPL')
    const { controls } = stage().sandbox.target.authorizationServer
    // A request may be sent without its delivery: the phone is asked up to three times.
    for (let sent = 1; sent <= 3; sent++) {
      await expect.poll(async () => (await pending()).length, { timeout: 60_000 }).toBe(1)
      await controls.expire()
    }
    await verdict(page, 'Expired').waitFor()
    expect(await stage().orders('p-ann')).toBe(before)
  })

  test('is over when the user cancels it, whatever the phone says after that', async () => {
    const { page, before } = await asked(stage(), 'Buy 45 shares of AAPL')
    await waiting(page).getByRole('button', { name: 'Cancel the request' }).click()
    await verdict(page, 'Cancelled').waitFor()
    // CIBA cannot take a request back: the phone still shows it.
    await answerOnPhone(stage(), 'ann', 'Buy 45 shares of AAPL', 'Approve')
    await page.reload()
    await verdict(page, 'Cancelled').waitFor()
    expect(await stage().orders('p-ann')).toBe(before)
  })

  test('connecting an account goes on where it was after the server restarted', async () => {
    const { page } = await asked(stage(), 'Buy 46 shares of AAPL', 'Bob Baker')
    await waiting(page).getByRole('button', { name: 'Cancel the request' }).click()
    await verdict(page, 'Cancelled').waitFor()
    await page.getByPlaceholder('Message the agent').waitFor()
    await say(page, 'Show me my portfolio')
    await page.getByRole('button', { name: 'Connect' }).click()
    await signInAs(page, 'Bob Baker')
    await page.getByRole('button', { name: 'Allow' }).waitFor()
    await stage().restart()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByText(/Portfolio p-bob: /).waitFor()
  })
})
