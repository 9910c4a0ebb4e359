import { expect, test } from 'vitest'
import { answerOnPhone, ask, asked, connectAccount, logIn, say, signInAs, verdict, waiting } from './acts.ts'
import { onStage } from './stage.ts'

/** Clock skew: a proof that is younger than this counts as one from before a revocation. */
const SKEW_MS = 31_000

onStage('what a user takes back', (stage) => {
  test('an account that is disconnected is asked for again', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Bob Baker')
    await say(page, 'Show me my portfolio')
    await connectAccount(page, 'Bob Baker')
    await page.getByText(/Portfolio p-bob: /).waitFor()
    await page.getByRole('link', { name: 'Accounts' }).click()
    await page.getByText('Connected, with access to portfolio:read.').waitFor()
    await page.getByRole('button', { name: 'Disconnect' }).click()
    await page.getByRole('status').getByText('The account is disconnected.').waitFor()
    await page.getByText('Not connected.').waitFor()
    await page.goto(stage().origin)
    await say(page, 'Show me my portfolio')
    await page.getByRole('heading', { name: 'Connect your Stock Trade account' }).waitFor()
    expect(await page.getByText(/Portfolio p-bob: /).count()).toBe(0)
  })

  test('the agent’s access: its question is over, and accounts and logins elsewhere are, too', async () => {
    const elsewhere = await stage().someone()
    await logIn(elsewhere, stage(), 'Ann Archer')
    await say(elsewhere, 'Show me my portfolio')
    await connectAccount(elsewhere, 'Ann Archer')
    await elsewhere.getByText(/Portfolio p-ann: /).waitFor()
    const { page, id, before } = await asked(stage(), 'Buy 80 shares of AAPL')
    await elsewhere.goto(`${stage().origin}/connections`)
    await elsewhere.getByRole('button', { name: 'End the agent’s access' }).click()
    await elsewhere.getByText('Your agent’s access has ended.').waitFor()
    // The phone was asked before, and cannot be notified.
    await answerOnPhone(stage(), 'ann', 'Buy 80 shares of AAPL', 'Approve')
    await page.getByRole('heading', { name: 'Your login has ended' }).waitFor()
    expect((await ask(page, '/api/chat', { id, user: 'ann' })).status).toBe(401)
    // Neither the issuer's login from before counts, nor a new one within the clock skew.
    await page.getByRole('alert').getByRole('link', { name: 'Log in' }).click()
    await signInAs(page, 'Ann Archer')
    await page.getByText('log in again in half a minute').waitFor()
    await page.waitForTimeout(SKEW_MS)
    await page.goto(`${stage().origin}/login?returnTo=${encodeURIComponent(`/?c=${id}`)}`)
    await signInAs(page, 'Ann Archer')
    await verdict(page, 'Not done').waitFor()
    await page.getByText('The access that this action needs was revoked.').waitFor()
    expect(await waiting(page).count()).toBe(0)
    expect(await stage().orders('p-ann')).toBe(before)
    await page.getByPlaceholder('Message the agent').waitFor()
    await say(page, 'Show me my portfolio')
    await page.getByRole('heading', { name: 'Connect your Stock Trade account' }).waitFor()
    await page.goto(`${stage().origin}/inbox`)
    await page.getByRole('region', { name: 'Decided' }).getByText('Revoked').waitFor()
  })

  test('the agent’s right to trade, after the yes on the phone', async () => {
    const { page, id, before } = await asked(stage(), 'Buy 81 shares of AAPL', 'Bob Baker')
    // The page does not poll meanwhile.
    await page.goto('about:blank')
    await answerOnPhone(stage(), 'bob', 'Buy 81 shares of AAPL', 'Approve')
    const { apiUrl, storeId, credentials } = stage().sandbox.settings.openFga
    const right = { user: 'agent:trader', relation: 'agent_trader', object: 'portfolio:p-bob' }
    const response = await fetch(`${apiUrl}/stores/${storeId}/write`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${credentials.token}` },
      body: JSON.stringify({ deletes: { tuple_keys: [right] } }),
    })
    expect(response.status).toBe(200)
    await page.goto(`${stage().origin}/?c=${id}`)
    await page.getByText('This action is not permitted.').waitFor()
    await verdict(page, 'Not done').waitFor()
    expect(await stage().orders('p-bob')).toBe(before)
    // The watcher finds the approval at its next poll. The page still shows the state of the request.
    const unused = page.locator('.timeline > li').filter({ hasText: 'Buy 81' }).getByText('Approved, not used')
    const isShown = async () => {
      await page.goto(`${stage().origin}/activity`)
      return unused.isVisible()
    }
    await expect.poll(isShown, { timeout: 30_000, interval: 500 }).toBe(true)
  })
})
