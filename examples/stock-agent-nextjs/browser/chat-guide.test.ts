import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { chromiumMissing, hasChromium, startChromium } from './chromium.ts'
import { freePort } from './free-port.ts'
import { modelServer } from './model-server.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

test.each(['app.ts', 'page.tsx'])('the guide shows %s as it runs here', (name) => {
  expect(read('../../../docs/guides/chat.md')).toContain(`\n${read(`./chat-guide/${name}`)}`)
})

/** Starts the app of the guide, and returns the line that it prints. */
async function startApp(env: Readonly<Record<string, string>>): Promise<string> {
  const cwd = fileURLToPath(new URL('./chat-guide', import.meta.url))
  const app = spawn(process.execPath, ['app.ts'], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void app.kill('SIGKILL'))
  for await (const line of createInterface(app.stdout)) if (line.startsWith('open ')) return line
  throw new Error('the app of the guide did not start')
}

if (hasChromium) {
  test('a chat without Next.js signs Ann in, shows her question, and goes on after her approval', async () => {
    const { baseUrl } = await modelServer(({ body: { messages } }) => {
      const last = messages.at(-1)
      if (last?.role === 'tool') return { text: `Done: ${JSON.stringify(last.content)}` }
      return { tool: 'buy', input: { symbol: 'AAPL', quantity: 50 } }
    })
    const port = String(await freePort())
    const line = await startApp({ PORT: port, MODEL_URL: baseUrl, MODEL_KEY: 'key' })
    const browser = await startChromium()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${port}/`)
    await page.getByRole('button', { name: 'Ann Archer' }).click()
    const message = page.getByRole('textbox', { name: 'Message' })
    await message.fill('Buy 50 shares of AAPL')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('region', { name: 'Waiting' }).getByText('Buy 50 shares of AAPL').waitFor()
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
    const phone = await browser.newPage()
    await phone.goto(line.split('as Ann: ')[1] ?? '')
    await phone.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('log').getByText('bought 50 AAPL').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })
} else test('a chat without Next.js', ({ skip }) => skip(chromiumMissing))
