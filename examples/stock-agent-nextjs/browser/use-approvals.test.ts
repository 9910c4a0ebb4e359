import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { approvalStatus, toAiTools } from '@behalf/ai-sdk'
import { defineTool, type Identity } from '@behalf/core'
import { sendWebResponse, webRequest } from '@behalf/core/resource-server'
import { startMockApp } from '@behalf/testing'
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  isStepCount,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { type Model, scriptedModel } from '../src/scripted-model.ts'
import { chromiumMissing, hasChromium, startChromium } from './chromium.ts'

const bought: string[] = []
const buy = defineTool({
  name: 'buy',
  description: 'Buys shares.',
  input: z.strictObject({ symbol: z.string() }),
  approval: { message: ({ input }) => `Buy ${input.symbol}` },
  run: ({ symbol }) => {
    bought.push(symbol)
    return `bought ${symbol}`
  },
})
const whoami = defineTool({
  name: 'whoami',
  description: 'Says who you are.',
  input: z.strictObject({}),
  run: (_input, { identity }) => (identity?.kind === 'user' ? identity.subject : 'unknown'),
})

/** Returns a model that calls one tool, and then says how the call ended. */
const modelOf = (tool: 'buy' | 'whoami'): Model => {
  const stream: Model['doStream'] = async (options) => {
    const last = options.prompt.at(-1)
    const planned = scriptedModel(
      () =>
        last && (last.role === 'tool' || JSON.stringify(last).includes('Only talk'))
          ? { kind: 'say', text: JSON.stringify(last.content) }
          : { kind: 'call', tool: tool as never, input: tool === 'buy' ? { symbol: 'AAPL' } : {} },
      'p-ann',
    )
    return planned.doStream(options)
  }
  return { ...scriptedModel(() => ({ kind: 'say', text: '' }), undefined), doStream: stream }
}

if (hasChromium) {
  describe('useApprovals on a page of useChat', () => {
    let chromium: Awaited<ReturnType<typeof startChromium>>
    let script: string
    beforeAll(async () => {
      chromium = await startChromium()
      const entryPoint = fileURLToPath(new URL('./approvals-page.tsx', import.meta.url))
      const { outputFiles } = await build({
        entryPoints: [entryPoint],
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
        jsx: 'automatic',
        define: { 'process.env.NODE_ENV': '"development"' },
        logLevel: 'error',
      })
      script = outputFiles[0]?.text ?? ''
    })
    afterAll(() => chromium.close())

    /** Opens the app of the guide, and a page of it. */
    async function open(tool: 'buy' | 'whoami', { isSignedIn = true, hash = '' } = {}) {
      bought.length = 0
      const app = await startMockApp()
      const guard = app.guard()
      const ann = await app.login()
      const bob = await app.login('bob')
      let identity: Identity | undefined = isSignedIn ? ann : undefined
      const polled: number[] = []
      const status = approvalStatus({ guard, identityOf: () => identity })
      const handle = async (request: Request): Promise<Response> => {
        const { pathname } = new URL(request.url)
        if (pathname.startsWith('/api/approvals/')) {
          polled.push(Date.now())
          return status(request)
        }
        if (pathname === '/page.js') return new Response(script, { headers: { 'content-type': 'text/javascript' } })
        if (pathname !== '/api/chat') {
          const page = '<!doctype html><title>Chat</title><body><script type="module" src="/page.js"></script>'
          return new Response(page, { headers: { 'content-type': 'text/html' } })
        }
        const { id, messages } = (await request.json()) as { id: string; messages: UIMessage[] }
        const guarded = toAiTools(guard, [buy, whoami], { identity, threadId: id })
        const result = streamText({
          model: modelOf(tool),
          messages: await convertToModelMessages(messages, { tools: guarded.tools }),
          ...guarded,
          stopWhen: isStepCount(5),
        })
        return createUIMessageStreamResponse({
          stream: toUIMessageStream({
            stream: result.stream,
            tools: guarded.tools,
            originalMessages: messages,
            redactToolErrors: true,
          }),
        })
      }
      const server = createServer(async (incoming, outgoing) => {
        const { url, method, headers } = webRequest(incoming, 'https://app.example')
        const body = method === 'POST' ? await buffer(incoming) : null
        await sendWebResponse(outgoing, await handle(new Request(url, { method, headers, body })))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const page = await chromium.newPage()
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      onTestFinished(async () => {
        await page.close()
        server.closeAllConnections()
        server.close()
        await app.close()
        expect(faults).toEqual([])
      })
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${hash}`)
      await page.getByRole('button', { name: 'Send' }).click()
      const as = (who: 'ann' | 'bob' | 'visitor') => {
        identity = { ann, bob, visitor: undefined }[who]
      }
      return { page, as, polled, clock: app.clock, controls: app.authorizationServer.controls }
    }

    test('shows the question, and after the approval the chat goes on and the order is placed once', async () => {
      const { page, clock, controls } = await open('buy')
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      await page.getByRole('region').getByText('Buy AAPL').waitFor()
      expect(bought).toEqual([])
      await controls.approve()
      clock.advance(10)
      await page.getByRole('log').getByText('bought AAPL').waitFor()
      expect(await page.getByRole('region').count()).toBe(0)
      expect(bought).toEqual(['AAPL'])
    })

    test('after a denial the chat goes on with the denial, and nothing is placed', async () => {
      const { page, clock, controls } = await open('buy')
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      await controls.deny()
      clock.advance(10)
      await page.getByRole('log').getByText('was denied').waitFor()
      expect(bought).toEqual([])
    })

    test('a message that is typed while a call waits is answered: the call that it buries stays behind, and the chat goes on after the approval of a newer one', async () => {
      const { page, clock, controls } = await open('buy')
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      await page.getByRole('button', { name: 'Send' }).click()
      await page.getByText('Go').nth(1).waitFor()
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      await controls.approve()
      clock.advance(10)
      await page.getByRole('log').getByText('bought AAPL').waitFor()
      expect(bought).toEqual(['AAPL'])
      await page.getByRole('button', { name: 'Send' }).click()
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      expect(bought).toEqual(['AAPL'])
    })

    test('says that the responses are not sent where the chat has no sendAutomaticallyWhen', async () => {
      const { page, clock, controls } = await open('buy', { hash: '#forgotten' })
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      await controls.approve()
      clock.advance(10)
      await page.getByRole('status').getByText('not_sent').waitFor()
      expect(bought).toEqual([])
    })

    test('says that a message took the place of a question, until the next message', async () => {
      const { page } = await open('buy')
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      await page.getByRole('button', { name: 'Talk' }).click()
      await page.getByRole('status').getByText('replaced').waitFor()
      await page.getByRole('button', { name: 'Talk' }).click()
      await page.getByRole('status').getByText('no problem').waitFor()
    })

    test('says that the question is unknown while another user is signed in, and continues for its own user', async () => {
      const { page, as, clock, controls } = await open('buy')
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      as('bob')
      // Waits for this status first: the answer to one of Ann's polls may still arrive.
      await page.getByRole('region').getByText('unknown').waitFor()
      expect(await page.getByRole('region').textContent()).toBe('unknown')
      await controls.approve()
      clock.advance(10)
      expect(bought).toEqual([])
      as('ann')
      await page.getByRole('log').getByText('bought AAPL').waitFor()
      expect(await page.getByRole('status').textContent()).toBe('no problem')
    })

    test('shows that the session of one who is asked is over, until the user signs in again', async () => {
      const { page, as } = await open('buy')
      await page.getByRole('region').getByText('Buy AAPL').waitFor()
      as('visitor')
      await page.getByRole('region').getByText('login_required').waitFor()
      expect(await page.getByRole('region').textContent()).toBe('login_required')
      as('ann')
      await page.getByRole('region').getByText('Buy AAPL').waitFor()
      expect(await page.getByRole('region').textContent()).toBe('Buy AAPL')
    })

    test('a call that needs a login says so, and after the login wake continues it', async () => {
      const { page, as } = await open('whoami', { isSignedIn: false })
      await page.getByRole('region', { name: 'login_required' }).getByText('login_required').waitFor()
      as('ann')
      await page.getByRole('button', { name: 'I am back' }).click()
      await page.getByRole('log').getByText('ann').waitFor()
    })

    test('stops when the page leaves', async () => {
      const { page, polled } = await open('buy')
      await page.getByRole('region', { name: 'approval_pending' }).waitFor()
      await expect.poll(() => polled.length, { timeout: 20_000 }).toBeGreaterThan(1)
      await page.getByRole('button', { name: 'Leave' }).click()
      const count = polled.length
      await page.waitForTimeout(12_000)
      expect(polled.length).toBeLessThanOrEqual(count + 1)
    })
  })
} else test('useApprovals on a page of useChat', ({ skip }) => skip(chromiumMissing))
