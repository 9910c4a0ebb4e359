import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { inAppApprovals } from '../../../src/runs/channels/in-app-approvals.ts'
import { inAppInbox } from '../../../src/runs/channels/in-app-inbox.ts'
import { question as questionOf } from '../ciba/backchannel.ts'
import { testClock } from './harness.ts'

const configuration = expect.objectContaining({ code: 'ERR_CONFIGURATION' })

describe('the channel', () => {
  test('a notification that fails leaves the question unsent, and it is sent again', async () => {
    let fails = true
    const told: string[] = []
    const channel = inAppApprovals({
      notify: async ({ message }) => {
        if (fails) throw new Error('the mail server is down')
        told.push(message)
      },
    })
    const question = questionOf(testClock())
    const context = { clock: testClock(), authorizationServers: undefined as never }
    await expect(channel.ask(question, context)).rejects.toMatchObject({ code: 'ERR_TRANSPORT', retryable: true })
    fails = false
    await channel.ask(question, context)
    expect(told).toEqual(['Buy 50 shares of AAPL'])
  })

  test.each([
    [() => inAppApprovals({ intervalSeconds: 0 })],
    [() => inAppApprovals({ notify: 'mail' as never })],
    [() => inAppApprovals({ inbox: true } as never)],
    [() => inAppInbox({ store: memoryStore() } as never)],
    [() => inAppInbox({ store: memoryStore(), identityOf: () => undefined, origins: ['https://a.example/x'] })],
    [() => inAppInbox({ store: memoryStore(), identityOf: () => undefined, origin: 'https://a.example' } as never)],
    [
      () =>
        inAppInbox({
          store: { ...memoryStore(), specificationVersion: 2, durable: true } as never,
          identityOf: () => undefined,
        }),
    ],
  ])('options that are wrong are refused at construction: %s', (make) => {
    expect(make).toThrow(configuration)
  })
})
