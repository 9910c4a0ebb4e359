import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { ask, asked, clickAt, logIn, stayUnsettled, verdict, waiting } from './acts.ts'
import { onStage } from './stage.ts'

interface Inbox {
  readonly questions: readonly { readonly id: string; readonly answerToken: string }[]
}

onStage('an order that the supervisor answers for', (stage) => {
  const inboxOf = async (name: string): Promise<Page> => {
    const page = await stage().someone()
    await logIn(page, stage(), name)
    await page.goto(`${stage().origin}/inbox`)
    await page.getByRole('heading', { level: 1, name: 'Inbox' }).waitFor()
    return page
  }
  const question = (page: Page, message: string) =>
    page.getByRole('region', { name: 'Waiting for your approval' }).getByRole('article', { name: message })
  const decided = (page: Page, message: string) =>
    page.getByRole('region', { name: 'Decided' }).getByRole('listitem').filter({ hasText: message })

  test('is placed once when she approves it in her inbox, and no other user can', async () => {
    const message = 'Buy 1500 shares of AAPL'
    const { page, before } = await asked(stage(), message, 'Cleo Carter')
    await waiting(page).getByText('Waiting for your supervisor’s approval…').waitFor()
    expect(await stage().sandbox.target.authorizationServer.controls.pendingRequests()).toEqual([])
    const sues = await inboxOf('Sue Summers')
    const text = await question(sues, message).textContent()
    for (const shown of ['p-cleo', '1500', 'AAPL', 'buy']) expect(text).toContain(shown)
    // Cleo cannot answer for Sue, and does not see the question. Neither does Bob.
    const { questions } = JSON.parse((await ask(sues, '/api/inbox?user=sue')).text) as Inbox
    expect(questions).toHaveLength(1)
    const forged = { id: questions[0]?.id, answer: 'approve', answerToken: questions[0]?.answerToken }
    const bobs = await inboxOf('Bob Baker')
    for (const [other, user] of [
      [page, 'cleo'],
      [bobs, 'bob'],
    ] as const) {
      const inbox = `/api/inbox?user=${user}`
      expect(await ask(other, inbox)).toMatchObject({ status: 200, text: '{"questions":[]}' })
      expect((await ask(other, inbox, forged)).status).toBe(404)
      expect((await ask(other, '/api/inbox?user=sue', forged)).status).toBe(401)
    }
    expect(await bobs.getByText(message).count()).toBe(0)
    expect(await stage().orders('p-cleo')).toBe(before)
    await question(sues, message).getByRole('button', { name: 'Approve' }).click()
    await sues.getByRole('status').getByText(`${message}: approved.`).waitFor()
    await question(sues, message).waitFor({ state: 'detached' })
    await page.getByText(/Bought 1500 AAPL at \$/).waitFor()
    await verdict(page, 'Approved').waitFor()
    expect((await stage().orders('p-cleo')) - before).toBe(1)
    // She answers for the account, but does not own it: her own pages do not mention it.
    await sues.goto(`${stage().origin}/activity`)
    await sues.getByText('Your agent has not acted for you yet.').waitFor()
  })

  test('is not placed when she denies it', async () => {
    const message = 'Buy 1600 shares of AAPL'
    const { page, before } = await asked(stage(), message, 'Cleo Carter')
    const sues = await inboxOf('Sue Summers')
    await question(sues, message).getByRole('button', { name: 'Deny' }).click()
    await sues.getByRole('status').getByText(`${message}: denied.`).waitFor()
    await verdict(page, 'Denied').waitFor()
    expect(await stage().orders('p-cleo')).toBe(before)
  })

  test('is neither shown nor answered in the page of who used her browser before', async () => {
    const message = 'Buy 1650 shares of AAPL'
    const bobs = await inboxOf('Bob Baker')
    await bobs.context().clearCookies()
    const sues = await bobs.context().newPage()
    await logIn(sues, stage(), 'Sue Summers')
    const { page, before } = await asked(stage(), message, 'Cleo Carter')
    await sues.goto(`${stage().origin}/inbox`)
    await question(sues, message).waitFor()
    await bobs.waitForResponse((response) => response.url().includes('/api/inbox') && response.status() === 401)
    expect(await bobs.getByText(message).count()).toBe(0)
    await question(sues, message).getByRole('button', { name: 'Deny' }).click()
    await verdict(page, 'Denied').waitFor()
    expect(await stage().orders('p-cleo')).toBe(before)
  })

  test('is not approved by a click that was meant for the question that stood there before', async () => {
    const orders = new Map<string | null, Awaited<ReturnType<typeof asked>>>()
    for (const message of ['Buy 1800 shares of AAPL', 'Buy 1900 shares of AAPL']) {
      orders.set(message, await asked(stage(), message, 'Cleo Carter'))
    }
    const before = await stage().orders('p-cleo')
    const sues = await inboxOf('Sue Summers')
    const [upper, lower] = [0, 1].map((at) =>
      sues.getByRole('region', { name: 'Waiting for your approval' }).getByRole('article').nth(at),
    )
    const [first, second] = [await upper?.getAttribute('aria-label'), await lower?.getAttribute('aria-label')]
    const approve = question(sues, first ?? '').getByRole('button', { name: 'Approve' })
    await approve.hover()
    const { x, y, width, height } = (await approve.boundingBox()) ?? expect.unreachable('it is not shown')
    await orders
      .get(first ?? '')
      ?.page.getByRole('button', { name: 'Cancel the request' })
      .click()
    await question(sues, first ?? '').waitFor({ state: 'detached' })
    await sues.mouse.click(x + width / 2, y + height / 2)
    await sues.waitForTimeout(5000)
    expect(await stage().orders('p-cleo')).toBe(before)
    await question(sues, second ?? '')
      .getByRole('button', { name: 'Approve' })
      .click()
    await orders
      .get(second ?? '')
      ?.page.getByText(/Bought 1[89]00 AAPL at \$/)
      .waitFor()
    expect((await stage().orders('p-cleo')) - before).toBe(1)
  })

  test('is not approved by the second of two clicks, the first of which closed the window that lay above the inbox', async () => {
    const message = 'Buy 1100 shares of AAPL'
    const { page, before } = await asked(stage(), message, 'Cleo Carter')
    const sues = await inboxOf('Sue Summers')
    const approve = question(sues, message).getByRole('button', { name: 'Approve' })
    await approve.hover()
    const settle = await stayUnsettled(sues)
    // Simulates the event of a window that comes to the front. Under test, all windows have the focus.
    await sues.evaluate(() => window.dispatchEvent(new Event('focus')))
    const click = await clickAt(sues, approve)
    await click()
    await sues.waitForTimeout(5000)
    expect(await stage().orders('p-cleo')).toBe(before)
    await settle()
    await click()
    await sues.getByRole('status').getByText(`${message}: approved.`).waitFor()
    // The order follows the answer. The next test counts the orders from this one on.
    await page.getByText(/Bought 1100 AAPL at \$/).waitFor()
    expect((await stage().orders('p-cleo')) - before).toBe(1)
  })

  test('is in its owner’s inbox as open, and as decided once it is cancelled there', async () => {
    const message = 'Buy 1700 shares of AAPL'
    const { page, before } = await asked(stage(), message, 'Cleo Carter')
    const cleos = await page.context().newPage()
    await cleos.goto(`${stage().origin}/inbox`)
    const open = cleos.getByRole('region', { name: 'Requests of your agent' }).getByRole('article', { name: message })
    await open.getByText('Waiting for an answer').waitFor()
    await open.getByText('sue answers.').waitFor()
    const sues = await inboxOf('Sue Summers')
    await question(sues, message).waitFor()
    const { questions } = JSON.parse((await ask(sues, '/api/inbox?user=sue')).text) as Inbox
    await open.getByRole('button', { name: 'Cancel' }).click()
    await decided(cleos, message).getByText('Cancelled').waitFor()
    await decided(cleos, message).getByText('Asked: sue.').waitFor()
    await open.waitFor({ state: 'detached' })
    // The question that she was shown has ended, and her page says so without a reload.
    const late = { id: questions[0]?.id, answer: 'approve', answerToken: questions[0]?.answerToken }
    expect((await ask(sues, '/api/inbox?user=sue', late)).status).toBe(409)
    await question(sues, message).waitFor({ state: 'detached' })
    await verdict(page, 'Cancelled').waitFor()
    expect(await stage().orders('p-cleo')).toBe(before)
    await decided(cleos, 'Buy 1500').getByText('Approved, and done').waitFor()
    await decided(cleos, 'Buy 1600').getByText('Denied').waitFor()
  })

  test('is in its owner’s activity: who acted for whom, what was asked, what was allowed and why', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Cleo Carter')
    await page.goto(`${stage().origin}/activity`)
    const entries = page.locator('.timeline > li')
    const order = entries.filter({ hasText: 'Buy 1500 shares of AAPL' }).first()
    await order.waitFor()
    expect(await order.textContent()).toContain('for cleo')
    await order.getByText('Done', { exact: true }).waitFor()
    for (const moment of ['sue was asked', 'sue approved it']) await order.getByText(moment).waitFor()
    await order.getByText('Why').click()
    const why = (await order.textContent()) ?? ''
    for (const said of ['sue', 'user:cleo user_can_trade portfolio:p-cleo', 'agent:trader agent_can_trade']) {
      expect(why).toContain(said)
    }
    await entries.filter({ hasText: 'Buy 1600 shares of AAPL' }).first().getByText('Denied', { exact: true }).waitFor()
    const all = (await page.getByRole('main').textContent()) ?? ''
    expect(
      stage()
        .secrets()
        .filter((secret) => all.includes(secret)),
    ).toEqual([])
    // It names no other user.
    expect(all).not.toMatch(/agent:trader for (ann|bob|sue)/)
  })
})
