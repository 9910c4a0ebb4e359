import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { policy, StepUpRequiredError } from '../../../src/index.ts'
import { inTheClear } from '../in-the-clear.ts'
import { tapped } from '../runs/harness.ts'
import { schema, smallWorld, user } from './small-world.ts'

const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
const sends = { version: '1', access: { mail }, writesOnlyBy: 'access' } as const
const asksFirst = policy(schema, { ...sends, approval: { message: () => 'Send it' } })
const reads = policy(schema, { version: '1', access: { mail } })
const vault: Vault = {
  specificationVersion: 1,
  token: async ({ scopes }) => ({ status: 'token', token: new Token('a-token'), scopes }),
}
/** RFC 9470 §3, as the API says it. */
const challenge = 'Bearer error="insufficient_user_authentication", acr_values="phr gold", max_age="300"'

/** An API that wants a stronger login, and a body that lets its demand pass. */
function strictApi() {
  const world = smallWorld()
  const answer = { header: challenge as string | undefined }
  const options = {
    vault,
    fetch: async () =>
      answer.header === undefined
        ? new Response('sent')
        : new Response(null, { status: 401, headers: { 'www-authenticate': answer.header } }),
  }
  const send = async (_: unknown, { access }: { access: { mail: { fetch: typeof fetch } } }) =>
    (await access.mail.fetch('https://mail.example/send', { method: 'POST' })).text()
  return { ...world, answer, send, guard: (over = {}) => world.guard({ ...options, ...over }) }
}

const stepUp = {
  status: 'interrupted',
  interrupt: { kind: 'step_up_required', acrValues: ['phr', 'gold'], maxAge: 300, connection: 'mail' },
}

describe('an API asks for more in mid-body (E5)', () => {
  test(
    verifies(
      'E5',
      'the next preflight, in any process, says what was asked; then the same run goes on with its approval and key',
    ),
    async () => {
      const { guard, call, send, answers, clock, questions, answer } = strictApi()
      const behalf = guard()
      await behalf.run(asksFirst, call(), send as never)
      answers({ status: 'approved' })
      clock.advance(10)
      await expect(behalf.run(asksFirst, call(), send as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
      const elsewhere = guard()
      for (const slot of ['new', ['thread', 'call']] as const) {
        expect(await elsewhere.preflight(asksFirst, call({ slot }))).toMatchObject(stepUp)
        expect(await elsewhere.run(asksFirst, call({ slot }), send as never)).toMatchObject(stepUp)
      }
      expect(questions).toHaveLength(1)
      const identity = user({ acr: 'gold', authTime: clock.now() / 1000 - 10 })
      answers({ status: 'pending' })
      answer.header = undefined
      // A 401 is a definite refusal: nothing was sent, so the run is not in doubt (A13).
      expect(await elsewhere.run(asksFirst, call({ identity }), send as never)).toMatchObject({ result: 'sent' })
      expect(questions).toHaveLength(1)
    },
  )

  test(
    verifies('E5', 'a demand that comes after a write leaves the run in doubt, and is not asked of the user first'),
    async () => {
      const { guard, call, answers, clock } = strictApi()
      const behalf = guard()
      await behalf.run(asksFirst, call(), () => 'ran')
      answers({ status: 'approved' })
      clock.advance(10)
      const twice = async (_: unknown, { access }: { access: { mail: { fetch: typeof fetch } } }) => {
        await access.mail.fetch('https://mail.example/draft', { method: 'POST' })
        return access.mail.fetch('https://mail.example/send', { method: 'POST' })
      }
      let requests = 0
      const api = guard({
        fetch: async () =>
          ++requests === 1
            ? new Response('drafted')
            : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }),
      })
      await expect(api.run(asksFirst, call(), twice as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
      expect(await api.preflight(asksFirst, call())).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    },
  )

  test(verifies('E5', 'a challenge that repeats the token is kept without it'), async () => {
    const { guard, call, send, answer } = strictApi()
    answer.header = 'Bearer error="insufficient_user_authentication", acr_values="a-token gold"'
    await expect(guard().run(reads, call(), send as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
    const outcome = await guard().preflight(reads, call())
    expect(outcome).toMatchObject({ interrupt: { kind: 'step_up_required', acrValues: ['[token]', 'gold'] } })
    expect(JSON.stringify(outcome)).not.toContain('a-token')
  })

  describe('a scope that only an approval brings, of a call that `when` exempts', () => {
    const files = connection('files', {
      scopes: ['send'],
      withoutApproval: ['draft'],
      origins: ['https://mail.example'],
    })
    const message = () => 'Send it'
    const rules = { ...sends, access: { mail: files } }
    const exempt = policy(schema, { ...rules, approval: { when: () => false, message } })
    const asks = policy(schema, { ...rules, approval: { when: () => true, message } })

    test('is not asked of the user, whom no login helps: the call is refused as set up wrong', async () => {
      const { guard, call, send, answer, clock } = strictApi()
      answer.header = 'Bearer error="insufficient_scope", scope="send"'
      await expect(guard().run(exempt, call(), send as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
      const outcome = await guard().preflight(exempt, call())
      expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(JSON.stringify(outcome.trace)).toContain('approval.when must ask for what needs send')
      const identity = user({ authTime: clock.now() / 1000 + 1 })
      answer.header = undefined
      expect(await guard().run(exempt, call({ identity }), send as never)).toMatchObject({ result: 'sent' })
    })

    test('is asked of the user where an approved call lacked it, and the approver is asked once', async () => {
      const { guard, call, send, answer, answers, clock, questions } = strictApi()
      await guard().run(asks, call(), send as never)
      answers({ status: 'approved' })
      clock.advance(10)
      answer.header = 'Bearer error="insufficient_scope", scope="send"'
      await expect(guard().run(asks, call(), send as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
      const waits = { interrupt: { kind: 'step_up_required', scopes: ['send'], connection: 'files' } }
      for (const rules of [asks, exempt]) {
        expect(await guard().run(rules, call(), send as never)).toMatchObject(waits)
        expect(await guard().preflight(rules, call({ slot: 'new' }))).toMatchObject(waits)
      }
      expect(questions).toHaveLength(1)
    })

    test('is asked of the user where another policy uses the same rule without an approval', async () => {
      const { guard, call, send, answer } = strictApi()
      answer.header = 'Bearer error="insufficient_scope", scope="send"'
      const plain = policy(schema, { version: '1', effect: 'write', access: { mail: files }, writesOnlyBy: 'access' })
      await expect(guard().run(plain, call(), send as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
      expect(await guard().run(plain, call(), send as never)).toMatchObject({ interrupt: { kind: 'step_up_required' } })
    })

    test.each([
      ['a scope', 'error="insufficient_scope"', 'approval_pending'],
      ['a scope and a login', 'error="insufficient_user_authentication", acr_values="gold"', 'step_up_required'],
    ])(
      'where the API asks for %s, a call that needs an approval gets the interrupt that helps',
      async (_, asked, kind) => {
        const { guard, call, send, answer } = strictApi()
        answer.header = `Bearer ${asked}, scope="send"`
        await expect(guard().run(exempt, call(), send as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
        expect(await guard().preflight(asks, call({ slot: 'large' }))).toMatchObject({ interrupt: { kind } })
      },
    )
  })

  test('of several credentials, the one that lacks something is named, wherever it stands', async () => {
    const { guard, call, send } = strictApi()
    const files = connection('files', { scopes: ['read'], origins: ['https://files.example'] })
    const both = policy(schema, { version: '1', access: { files, mail } })
    await expect(guard().run(both, call(), send as never)).rejects.toMatchObject({ credential: 'mail' })
    expect(await guard().preflight(both, call())).toMatchObject(stepUp)
  })

  test('what one tool’s API asked is not asked for another tool or credential, whatever they are called', async () => {
    const { guard, call, send } = strictApi()
    const behalf = guard()
    const identity = user()
    const kmail = policy(schema, { version: '1', access: { kmail: mail } })
    await expect(behalf.run(reads, call({ tool: 'look', identity }), send as never)).rejects.toThrow()
    // 'look' and 'mail', in one, read as 'loo' and 'kmail' do.
    for (let times = 0; times < 2; times++) {
      expect(await behalf.preflight(reads, call({ tool: 'look', identity }))).toMatchObject(stepUp)
      expect(await behalf.preflight(reads, call({ tool: 'loo', identity }))).toMatchObject({ status: 'ready' })
      expect(await behalf.preflight(kmail, call({ tool: 'loo', identity }))).toMatchObject({ status: 'ready' })
    }
  })

  test('a process whose preflight met it does not run into it', async () => {
    const { guard, call, send } = strictApi()
    await expect(guard().run(reads, call(), send as never)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
    const elsewhere = guard()
    expect(await elsewhere.preflight(reads, call())).toMatchObject(stepUp)
    expect(await elsewhere.run(reads, call(), send as never)).toMatchObject(stepUp)
  })

  test(verifies('E5', 'a weaker, an older and another user’s login do not answer it'), async () => {
    const { guard, call, send, clock } = strictApi()
    const behalf = guard()
    await expect(behalf.run(reads, call(), send as never)).rejects.toThrow()
    const now = clock.now() / 1000
    for (const identity of [
      user({ acr: 'silver', authTime: now }),
      user({ acr: 'gold', authTime: now - 400 }),
      user({ acr: 'gold' }),
    ]) {
      expect(await behalf.preflight(reads, call({ identity }))).toMatchObject(stepUp)
      expect(await behalf.run(reads, call({ identity }), send as never)).toMatchObject(stepUp)
    }
    const bob = user({ subject: 'bob' })
    expect(await behalf.preflight(reads, call({ identity: bob }))).toMatchObject({ status: 'ready' })
    expect(await behalf.preflight(reads, call({ tool: 'other' }))).toMatchObject({ status: 'ready' })
  })

  test('more scopes: a login from after the demand answers it', async () => {
    const { guard, call, send, clock, answer } = strictApi()
    answer.header = 'Bearer error="insufficient_scope", scope="send delete"'
    const behalf = guard()
    await expect(behalf.run(reads, call(), send as never)).rejects.toThrow()
    expect(await behalf.preflight(reads, call())).toMatchObject({ interrupt: { scopes: ['send', 'delete'] } })
    const identity = user({ authTime: clock.now() / 1000 + 5 })
    expect(await behalf.preflight(reads, call({ identity }))).toMatchObject({ status: 'ready' })
    expect(await behalf.preflight(reads, call())).toMatchObject({ status: 'ready' })
  })

  test(verifies('E5', 'an unanswered demand expires'), async () => {
    const { guard, call, send, clock } = strictApi()
    const behalf = guard()
    await expect(behalf.run(reads, call(), send as never)).rejects.toThrow()
    clock.advance(15 * 60 - 1)
    expect(await behalf.preflight(reads, call())).toMatchObject(stepUp)
    clock.advance(2)
    expect(await behalf.preflight(reads, call())).toMatchObject({ status: 'ready' })
  })

  test('an error that wraps it counts; one of the body’s own is kept for its credential', async () => {
    const { guard, call } = strictApi()
    const behalf = guard()
    const own = new StepUpRequiredError('more, please', { acrValues: ['gold'] })
    const wrapped = behalf.run(reads, call(), () => {
      throw new Error('the mail was not sent', { cause: own })
    })
    await expect(wrapped).rejects.toThrow('the mail was not sent')
    expect(await behalf.preflight(reads, call())).toMatchObject({ interrupt: { kind: 'step_up_required' } })
  })

  test('the body’s error comes through where the store is down, and a lost demand only asks later', async () => {
    const { guard, call, send, store } = strictApi()
    let isDown = false
    const behalf = guard({
      timeoutMs: 1_000,
      store: tapped(store, (_, __, next) => (isDown ? Promise.reject(new StoreError('unavailable', 'down')) : next())),
    })
    const throwing = behalf.run(reads, call(), async (input, context) => {
      isDown = true
      return send(input, context as never)
    })
    await expect(throwing).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
  })

  test('nothing of it is stored in the clear', async () => {
    const write = async () => {
      const { guard, call, send, store } = strictApi()
      const seen: string[] = []
      const behalf = guard({
        store: {
          ...tapped(store, (_, __, next) => next()),
          put: async (key: string, value: Uint8Array, options: Parameters<typeof store.put>[2]) => {
            seen.push(key, new TextDecoder().decode(value))
            return store.put(key, value, options)
          },
        },
      })
      await expect(behalf.run(reads, call(), send as never)).rejects.toThrow()
      expect(seen.join()).toContain('step-up:')
      return seen.join()
    }
    expect(await inTheClear(write, ['ann', 'gold', 'mail'])).toEqual([])
  })
})

test(verifies('E5', 'what an inner tool was asked for is not asked of the tool around it'), async () => {
  for (const wraps of [false, true]) {
    const { guard, call, send } = strictApi()
    const behalf = guard()
    const bills = { ...mail, origins: ['https://bills.example'] }
    const outer = policy(schema, { version: '1', effect: 'write', access: { bills }, writesOnlyBy: 'access' })
    const inner = policy(schema, { version: '1', effect: 'write', access: { mail }, writesOnlyBy: 'access' })
    const within = call({ tool: 'send', slot: 'inner' })
    const around = call({ tool: 'bill', slot: 'outer' })
    const body = async () => {
      try {
        return await behalf.run(inner, within, send as never)
      } catch (cause) {
        throw wraps ? new Error('no mail', { cause }) : cause
      }
    }
    await expect(behalf.run(outer, around, body)).rejects.toThrow()
    expect(await behalf.preflight(outer, around)).toMatchObject({ status: 'ready' })
    expect(await behalf.preflight(inner, within)).toMatchObject(stepUp)
  }
})
