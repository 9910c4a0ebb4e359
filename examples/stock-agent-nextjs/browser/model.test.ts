import { expect, test } from 'vitest'
import { answerOnPhone, ask, isAnsweredAfterSilence, logIn, say, waiting } from './acts.ts'
import { type Asked, modelServer } from './model-server.ts'
import { onStage } from './stage.ts'

const OPENAI_API_KEY = 'sk-key-of-the-model'
const order = (portfolio: string, quantity = 5) => ({
  tool: 'create_order',
  input: { portfolio, side: 'buy', symbol: 'AAPL', quantity },
})
const results = (asked: Asked | undefined): readonly string[] =>
  (asked?.body.messages ?? []).flatMap(({ role, content }) => (role === 'tool' ? [JSON.stringify(content)] : []))

onStage('a model behind an OpenAI-compatible API', (stage) => {
  const bring = (baseUrl: string) =>
    stage().restart({ OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY, OPENAI_MODEL: 'a-local-one' })

  test('decides what to call, and is told what came of it: also that something is not for it', async () => {
    const { asked, baseUrl } = await modelServer(({ body }, count) => {
      if (count === 1) return order('p-bob')
      return count === 2 ? order('p-ann') : { text: `Done, after ${body.messages.length} messages.` }
    })
    await bring(baseUrl)
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'Buy something')
    await page.getByText('Done, after').waitFor()
    expect(asked[0]).toMatchObject({ authorization: `Bearer ${OPENAI_API_KEY}`, body: { model: 'a-local-one' } })
    expect(asked[0]?.body.tools.map((one) => one.function.name)).toContain('create_order')
    expect(asked[0]?.body.messages.map(({ role }) => role)).toEqual(['system', 'user'])
    expect(results(asked[2])).toEqual([
      expect.stringContaining('This action is not permitted.'),
      expect.stringContaining('filled'),
    ])
    expect([await stage().orders('p-bob'), await stage().orders('p-ann')]).toEqual([0, 1])
    expect(stage().traffic()).not.toContain(OPENAI_API_KEY)
  })

  test('and does not answer: the page says so, and not what the model’s server said', async () => {
    const { asked, baseUrl } = await modelServer(() => 401)
    await bring(baseUrl)
    const page = await stage().someone()
    await page.goto(stage().origin)
    await say(page, 'Hello')
    await page.getByRole('alert').getByText('The agent did not answer.').waitFor()
    // It is not asked again and again by a page that is open.
    await page.waitForTimeout(1_500)
    expect(asked).toHaveLength(1)
    await page.getByRole('alert').getByText('The agent did not answer.').waitFor()
    expect(stage().traffic()).not.toContain(OPENAI_API_KEY)
  })

  test('nor ever says a word: the conversation is not held by it', async () => {
    const { asked, baseUrl } = await modelServer((_, count) =>
      count === 1 ? new Promise<never>(() => {}) : { text: 'Here I am.' },
    )
    await stage().restart({ OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY, MODEL_SECONDS: '5' })
    await isAnsweredAfterSilence(await stage().someone(), stage())
    expect(asked).toHaveLength(2)
  })

  test('orders of a turn that its process did not live through are not placed again', async () => {
    const before = await stage().orders('p-ann')
    const { promise: isTold, resolve } = Promise.withResolvers<void>()
    const { asked, baseUrl } = await modelServer((_, count) => {
      if (count <= 2) return order('p-ann', count === 1 ? 90 : 5)
      if (count === 4) return { text: 'Both were placed.' }
      resolve()
      return new Promise<never>(() => {})
    })
    await bring(baseUrl)
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'Buy 90 shares of AAPL, then 5 more')
    await waiting(page).waitFor()
    await answerOnPhone(stage(), 'ann', 'Buy 90 shares of AAPL', 'Approve')
    await isTold
    await stage().crash()
    await page.reload()
    await page.getByText('Both were placed.').waitFor()
    for (const quantity of [90, 5]) await page.getByText(`Bought ${quantity} AAPL`, { exact: true }).waitFor()
    expect(results(asked[3]).toSorted()).toEqual(results(asked[2]).toSorted())
    expect((await stage().orders('p-ann')) - before).toBe(2)
  })

  test('nor one whose id the model had used before', async () => {
    const before = await stage().orders('p-ann')
    const { promise: isTold, resolve } = Promise.withResolvers<void>()
    const plan = [order('p-ann', 5), { text: 'The first is placed.' }, order('p-ann', 6)] as const
    const { baseUrl } = await modelServer(
      ({ body }, count) => {
        if (count === 4) {
          resolve()
          return new Promise<never>(() => {})
        }
        // If only the user's words are sent, a model orders again.
        return (
          plan[count - 1] ?? (body.messages.at(-1)?.role === 'tool' ? { text: 'Both are placed.' } : order('p-ann', 6))
        )
      },
      (count) => (count > 4 ? 'another' : 'call-0'),
    )
    await bring(baseUrl)
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'Buy 5')
    await page.getByText('The first is placed.').waitFor()
    await say(page, 'Buy 6')
    await isTold
    await stage().crash()
    await page.reload()
    await page.getByText('Both are placed.').waitFor()
    for (const quantity of [5, 6]) await page.getByText(`Bought ${quantity} AAPL`, { exact: true }).waitFor()
    expect((await stage().orders('p-ann')) - before).toBe(2)
  })

  test('nor one whose answer it did not live to hear', async () => {
    const before = await stage().orders('p-ann')
    await stage().restart({ LOSE_ANSWERS_OF: '/orders' })
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'Buy 6 shares of AAPL')
    await expect.poll(() => stage().orders('p-ann'), { timeout: 60_000 }).toBe(before + 1)
    await stage().crash()
    await page.reload()
    // The guard counts the run as running for a minute, until its lease expires.
    await page.getByText('In progress…').waitFor()
    const id = new URL(page.url()).searchParams.get('c')
    const send = (text?: string) => ask(page, '/api/chat', { id, user: 'ann', ...(text !== undefined && { text }) })
    for (const text of [undefined, 'Buy 7 shares of AAPL']) expect((await send(text)).status).toBe(409)
    expect((await stage().orders('p-ann')) - before).toBe(1)
  })
})
