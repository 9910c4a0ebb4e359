import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Running {
  readonly ended: Promise<number | null>
  output(): string
}

function run(args: readonly string[]): Running {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { ...process.env, FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  return { ended: new Promise((resolve) => child.on('close', resolve)), output: () => output }
}

test('four levels over HTTP, approving by itself', { timeout: 180_000 }, async () => {
  const demo = run([])
  expect(await demo.ended).toBe(0)
  const text = demo.output()
  expect(text).not.toContain('MISMATCH')
  expect(text.trimEnd().split('\n').at(-1)).toMatch(/^4 parts: [1-9]\d+ checks, 0 mismatches$/)
  expect(text).toMatch(/POST \/orders -> 201/)
  expect(text).not.toMatch(/eyJ[\w-]{8,}/)
})

test('approved and denied on the page', { timeout: 180_000 }, async () => {
  const demo = run(['--page'])
  const link = await waitFor(demo, /Ann's phone: (\S+)/)
  const { origin } = new URL(link)
  const paired = await fetch(link, { redirect: 'manual' })
  const cookie = paired.headers.get('set-cookie')?.split(';')[0] ?? ''
  // The demo prints a question before the phone has it.
  const pageWith = async (words: string) => {
    for (;;) {
      const page = await (await fetch(`${origin}/phones/ann`, { headers: { cookie } })).text()
      if (page.includes(words) && page.includes('name="question"')) return page
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const answer = async (words: string, given: 'approve' | 'deny') => {
    await waitFor(demo, new RegExp(`(is asked: “${words}”)`))
    const page = await pageWith(words)
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''
    const body = new URLSearchParams({ csrf: field('csrf'), question: field('question'), answer: given })
    const { status } = await fetch(`${origin}/phones/ann/answers`, {
      method: 'POST',
      headers: { cookie, origin },
      body,
      redirect: 'manual',
    })
    expect(status).toBe(303)
  }
  await answer('Buy 50 shares of AAPL', 'approve')
  await answer('Sell 20 shares of MSFT', 'deny')
  const status = await demo.ended
  expect([status, demo.output()]).toEqual([0, expect.not.stringContaining('MISMATCH')])
  expect(demo.output()).toContain('Bought 50 AAPL')
  expect(demo.output()).toContain('a denial ends the call')
})

async function waitFor({ output, ended }: Running, pattern: RegExp): Promise<string> {
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  for (;;) {
    const found = pattern.exec(output())?.[1]
    if (found !== undefined) return found
    if (isOver) throw new TypeError(`it ended without ${pattern}:\n${output()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
