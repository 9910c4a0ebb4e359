import { describe, expect, test } from 'vitest'
import { type Fault, policy } from '../../../src/index.ts'
import { type Body, mail, vault } from './in-doubt-world.ts'
import { schema, smallWorld } from './small-world.ts'

const access = { mail }
const unnamed = policy(schema, { version: '1', access })
const message = "mail sent POST, and the policy names no effect: give 'write' if it changes something, or 'read'"

/** A guard that collects what `onFault` hears, and an API that answers 200. */
function listeningWorld(over: object = {}) {
  const world = smallWorld()
  const faults: Fault[] = []
  const sent: string[] = []
  const fetch = async (_: unknown, init: RequestInit = {}) => {
    sent.push(init.method ?? 'GET')
    return new Response('sent')
  }
  const listening = () =>
    world.guard({ vault, fetch: fetch as never, onFault: (fault) => void faults.push(fault), ...over })
  return { ...world, faults, sent, listening }
}

/** Sends these requests with the call's own credential. */
const sends =
  (...methods: readonly string[]): Body =>
  async (_, { access: { mail: credential } }) => {
    for (const method of methods) await credential.fetch('https://mail.example/x', { method })
    return 'sent'
  }

describe('a tool whose policy names no effect, and that sends a request which may write', () => {
  test('is reported with the remedy, and runs as before', async () => {
    const { listening, call, faults, sent, events } = listeningWorld()
    const outcome = await listening().run(unnamed, call(), sends('GET', 'POST'))
    expect(outcome).toMatchObject({ status: 'done', result: 'sent' })
    expect(sent).toEqual(['GET', 'POST'])
    expect(faults).toEqual([
      { kind: 'effect_not_named', tool: 'pay', step: 'access', message, callId: outcome.trace.callId },
    ])
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'access', verdict: 'passed', detail: message })
    expect(events.at(-1)).toMatchObject({ type: 'call', status: 'done' })
  })

  test('is reported once: not for its next request, its next call, or a policy that is made again', async () => {
    const { listening, call, faults } = listeningWorld()
    const guard = listening()
    await guard.run(unnamed, call(), sends('DELETE', 'POST'))
    await guard.run(unnamed, call({ slot: 'later' }), sends('PATCH'))
    await guard.run(policy(schema, { version: '1', access }), call({ slot: 'again' }), sends('POST'))
    expect(faults.map(({ message: text }) => text.slice(0, 16))).toEqual(['mail sent DELETE'])
  })

  test('is reported by its own name, and by each guard', async () => {
    const { listening, call, faults } = listeningWorld()
    const guard = listening()
    for (const tool of ['pay', 'search', 'pay']) await guard.run(unnamed, call({ tool, slot: tool }), sends('POST'))
    await listening().run(unnamed, call(), sends('POST'))
    expect(faults.map(({ tool }) => tool)).toEqual(['pay', 'search', 'pay'])
  })

  test('runs where the app listens to nothing, and where its function throws', async () => {
    for (const onFault of [undefined, () => Promise.reject(new Error('x'))]) {
      const { listening, call } = listeningWorld({ onFault })
      expect(await listening().run(unnamed, call(), sends('POST'))).toMatchObject({ status: 'done', result: 'sent' })
    }
  })
})

describe('nothing is reported', () => {
  test.each([
    ['of an explicit read that sends POST', policy(schema, { effect: 'read', access }), ['POST', 'PUT']],
    ['of a write', policy(schema, { effect: 'write', access }), ['POST']],
    [
      'of a write by its approval',
      policy(schema, { approval: { message: () => 'Pay', when: () => false }, access }),
      ['POST'],
    ],
    ['of a read that only reads', unnamed, ['GET', 'HEAD', 'OPTIONS', 'get']],
  ])('%s', async (_, rules, methods) => {
    const { listening, call, faults, sent } = listeningWorld()
    expect(await listening().run(rules, call(), sends(...methods) as never)).toMatchObject({ status: 'done' })
    expect(sent).toHaveLength(methods.length)
    expect(faults).toEqual([])
  })

  test('of a request that was refused before it left', async () => {
    const { listening, call, faults, sent } = listeningWorld()
    const elsewhere: Body = (_, { access: { mail: credential } }) =>
      credential.fetch('https://elsewhere.example', { method: 'POST' })
    await expect(listening().run(unnamed, call(), elsewhere)).rejects.toMatchObject({ reason: 'origin' })
    expect([faults, sent]).toEqual([[], []])
  })
})
