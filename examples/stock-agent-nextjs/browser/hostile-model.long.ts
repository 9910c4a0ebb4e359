import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { answerOnPhone, ask, isAnsweredAfterSilence, logIn, say, verdict } from './acts.ts'
import { type Asked, modelServer, type Said } from './model-server.ts'
import { onStage } from './stage.ts'

const PIECE = 'x'.repeat(64 * 1024)
/** Far more than the app may read of one response, and far less than would end a process. */
const ENOUGH = 64 * 1024 * 1024

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const call = (index: number, id: unknown, name: string, args: string) =>
  chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] })
const order = (quantity: number) => JSON.stringify({ portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity })

const STREAM = { 'content-type': 'text/event-stream' }

onStage('a model that is hostile or broken', (stage) => {
  /** Sends one piece after the other until the app has had enough. */
  const endless = (status: number, type: string, head: string, piece: string) => {
    const { promise: sent, resolve } = Promise.withResolvers<number>()
    const raw = (response: ServerResponse) => {
      let bytes = 0
      response.once('close', () => resolve(bytes))
      response.writeHead(status, { 'content-type': type })
      response.write(head)
      const more = () => {
        while (!response.destroyed && bytes < ENOUGH) {
          bytes += piece.length
          if (!response.write(piece)) return void response.once('drain', more)
        }
        if (bytes >= ENOUGH) response.end()
      }
      more()
    }
    return { said: { raw }, sent }
  }
  const streamed = (...pieces: readonly string[]): Said => ({
    raw: (response) => response.writeHead(200, STREAM).end([...pieces, 'data: [DONE]\n\n'].join('')),
  })
  const lastOf = ({ body }: Asked) => body.messages.at(-1)
  const isTold = (asked: Asked) => lastOf(asked)?.role === 'tool'

  test.each([
    ['words', () => endless(200, 'text/event-stream', '', chunk({ content: PIECE }))],
    ['a line', () => endless(200, 'text/event-stream', 'data: {"id":"', PIECE)],
  ])('without end, in %s: is not read to memory’s end', async (_, make) => {
    const { said, sent } = make()
    const { baseUrl } = await modelServer((_, count) => (count === 1 ? said : { text: 'Here I am.' }))
    await stage().restart({ OPENAI_BASE_URL: baseUrl })
    const page = await stage().someone()
    await page.goto(stage().origin)
    await say(page, 'Hello')
    expect(await sent).toBeLessThan(ENOUGH / 4)
  })

  test('in invalid calls: each conversation can be read and goes on, and nothing is ordered', async () => {
    const odd: readonly (readonly [name: string, said: Said])[] = [
      ['no JSON', streamed(call(0, 'a', 'create_order', '{"portfolio":'), chunk({}, 'tool_calls'))],
      ['another type', streamed(call(0, 'b', 'create_order', '"p-ann"'), chunk({}, 'tool_calls'))],
      ['no tool', streamed(call(0, 'c', 'no_such_tool', '{}'), chunk({}, 'tool_calls'))],
      ['constructor', streamed(call(0, 'd', 'constructor', '{}'), chunk({}, 'tool_calls'))],
      ['proto', streamed(call(0, 'e', '__proto__', '{"__proto__":{"approved":true}}'), chunk({}, 'tool_calls'))],
      ['no id', streamed(call(0, null, 'whoami', '{}'), chunk({}, 'tool_calls'))],
      ['long id', streamed(call(0, 'i'.repeat(100_000), 'whoami', '{}'), chunk({}, 'tool_calls'))],
      ['null', streamed('data: null\n\n', 'data: {"choices":null}\n\n', 'data: {\n\n')],
      ['nothing', streamed()],
      ['cut off', streamed(call(0, 'k', 'create_order', order(2)), chunk({}, 'length'))],
      ['a page', { raw: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hello</h1>') }],
    ]
    const said = new Map(odd)
    const { baseUrl } = await modelServer((asked) => {
      if (isTold(asked)) return { text: 'I was told.' }
      return said.get(String(lastOf(asked)?.content)) ?? { text: 'Here I am.' }
    })
    await stage().restart({ OPENAI_BASE_URL: baseUrl })
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    const before = await stage().orders('p-ann')
    for (const [name] of odd) {
      const id = crypto.randomUUID()
      const first = await ask(page, '/api/chat', { id, user: 'ann', text: name })
      expect.soft(first.status, name).toBe(200)
      const next = await ask(page, '/api/chat', { id, user: 'ann', text: 'Hello' })
      expect.soft(next.text, name).toContain('Here ')
      await page.goto(`${stage().origin}/?c=${id}`)
      await page.getByText('Here I am.').waitFor()
    }
    expect(await stage().orders('p-ann')).toBe(before)
  })

  test('in two orders of one id in one answer: both are placed once, also after a crash', async () => {
    const told = Promise.withResolvers<void>()
    const { baseUrl } = await modelServer((asked, count) => {
      if (count === 1)
        return streamed(
          call(0, 'x', 'create_order', order(3)),
          call(1, 'x', 'create_order', order(4)),
          chunk({}, 'tool_calls'),
        )
      if (count > 2) return isTold(asked) ? { text: 'Both are placed.' } : { text: 'Here I am.' }
      told.resolve()
      return new Promise<never>(() => {})
    })
    await stage().restart({ OPENAI_BASE_URL: baseUrl })
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    const before = await stage().orders('p-ann')
    await say(page, 'Buy 3 and 4')
    await told.promise
    await stage().crash()
    await page.reload()
    await page.getByText('Both are placed.').waitFor()
    for (const quantity of [3, 4]) await page.getByText(`Bought ${quantity} AAPL`, { exact: true }).waitFor()
    expect((await stage().orders('p-ann')) - before).toBe(2)
    await say(page, 'Hello')
    await page.getByText('Here I am.').waitFor()
  })
  test('whose connection breaks in mid-answer: the page says that it did not answer', async () => {
    const broken = (response: ServerResponse) => {
      response.writeHead(200, STREAM)
      response.write(chunk({ content: 'I will' }), () => setTimeout(() => response.destroy(), 500))
    }
    const { baseUrl } = await modelServer((_, count) => (count === 1 ? { raw: broken } : { text: 'Here I am.' }))
    await stage().restart({ OPENAI_BASE_URL: baseUrl })
    await isAnsweredAfterSilence(await stage().someone(), stage())
  })

  test('that says nothing after an approved order: its card says meanwhile that it was approved', async () => {
    const input = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 30 }
    const { baseUrl } = await modelServer((asked) =>
      lastOf(asked)?.content === 'Buy 30' ? { tool: 'create_order', input } : new Promise<never>(() => {}),
    )
    await stage().restart({ OPENAI_BASE_URL: baseUrl })
    const page = await stage().someone()
    await logIn(page, stage(), 'Ann Archer')
    await say(page, 'Buy 30')
    await answerOnPhone(stage(), 'ann', 'Buy 30 shares of AAPL', 'Approve')
    await page.getByText('Bought 30 AAPL', { exact: true }).waitFor()
    await page.getByText('Working on it…').waitFor()
    await verdict(page, 'Approved').waitFor()
  })
})
