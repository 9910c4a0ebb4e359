import { verifies } from '@behalf/testing/requirements'
import { beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { policy } from '../../../src/index.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { app as accountsApp, html, providerAt } from '../vault/connect-app.ts'
import { app, onlyQuestion, pick } from './app.ts'

const crm = await providerAt(4815)
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

describe('what an attacker wrote is shown as it is (A8)', () => {
  test(
    verifies('A8', 'the inbox gives each key and value of details as text to show, and the details unchanged'),
    async () => {
      const target = app()
      const details = [
        {
          type: 'transfer',
          'to\u200B': 'Bob\u202E\nand Eve',
          amount: 0.0004,
          deep: { name: '\0', rate: 1e-7 },
          pay: '1א000',
        },
      ]
      const asks = policy(z.strictObject({}), { approval: { message: () => 'Pay דוד כהן', details: () => details } })
      const ran: unknown[] = []
      const run = () =>
        target.guard.run(asks, { tool: 'pay', slot: 's', input: {}, identity: target.people.ann }, () => {
          ran.push(details)
          return 'paid'
        })
      expect(await run()).toMatchObject({ status: 'interrupted' })
      const question = await onlyQuestion(target)
      expect(question).toMatchObject({
        message: '\u2066Pay \u2067דוד כהן\u2069\u2069',
        details,
        fields: [
          [
            { name: 'type', value: 'transfer' },
            { name: 'to[U+200B]', value: 'Bob[U+202E]⏎and Eve' },
            { name: 'amount', value: '0.0004' },
            { name: 'deep', value: '{"name":"\\u0000","rate":0.0000001}' },
            { name: 'pay', value: '\u20661\u2067א\u2069000\u2069' },
          ],
        ],
      })
      await target.post('ann', { ...pick(question), answer: 'approve' })
      expect(await run()).toMatchObject({ status: 'done', result: 'paid' })
    },
  )

  test('the page of connected accounts shows what a provider calls an account', async () => {
    const ann = accountsApp(crm).browser()
    crm.state.account = 'bob\u202E\n<b>'
    await ann.back(crm.codeFor(await ann.start()))
    const page = await (await ann.open('GET', '', undefined, html)).text()
    expect(page).toContain('bob[U+202E]⏎&lt;b&gt;@upstream.example')
    // A form's hidden field is not shown, and has to hold the id as it is.
    expect(page.replaceAll(/<input type="hidden"[^>]*>/g, '')).not.toMatch(/\u202E/)
  })
})
