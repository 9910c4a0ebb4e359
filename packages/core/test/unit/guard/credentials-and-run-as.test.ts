import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { type AccessOf, type Call, currentCall, currentIdentity, detached, policy, runAs } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

const ORIGIN = 'https://mail.example'
const mail = policy(schema, {
  version: '1',
  access: { mail: connection('mail', { scopes: ['send'], origins: [ORIGIN] }) },
})
const vault: Vault = {
  specificationVersion: 1,
  token: async () => ({
    status: 'token',
    token: new Token('a-token-of-ann'),
    expiresAt: 2_000_000_000,
    scopes: ['send'],
  }),
}
const ann = user()
const bob = user({ subject: 'bob' })

/** Ann's call of a tool with a credential, and what was sent with it. */
function annsCall() {
  const sent: (string | null)[] = []
  const { guard, call } = smallWorld()
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    sent.push(new Request(input, init).headers.get('authorization'))
    return new Response('ok')
  }
  const behalf = guard({ vault, fetch })
  const run = (body: (input: { readonly amount: number }, call: Call<AccessOf<typeof mail>>) => unknown) =>
    behalf.run(mail, call({ identity: ann }), body)
  return { run, sent, behalf, call }
}

const misuse = { code: 'ERR_CREDENTIAL_MISUSE', reason: 'other_identity' }

describe('runAs(bob) within a guarded call of Ann', () => {
  test(verifies('I6', 'sends nothing with the credentials of her call, however they are reached'), async () => {
    const { run, sent } = annsCall()
    const outcome = await run(async (_, call) => {
      const { fetch } = call.access.mail
      await runAs(bob, async () => {
        expect(currentIdentity()).toBe(bob)
        await expect(call.access.mail.fetch(`${ORIGIN}/send`, { method: 'POST' })).rejects.toMatchObject(misuse)
        await expect(fetch(`${ORIGIN}/send`)).rejects.toMatchObject(misuse)
        await expect(call.access.mail.withToken((token) => token)).rejects.toMatchObject(misuse)
        // Also after a wait, and in what Bob's code starts.
        await new Promise((resolve) => setTimeout(resolve, 1))
        await expect(Promise.resolve().then(() => fetch(`${ORIGIN}/send`))).rejects.toMatchObject(misuse)
      })
      expect(currentIdentity()).toBe(ann)
      return (await fetch(`${ORIGIN}/send`)).text()
    })
    expect(outcome).toMatchObject({ status: 'done', result: 'ok' })
    expect(sent).toEqual(['Bearer a-token-of-ann'])
  })

  test('has no current call: currentCall() throws', async () => {
    const { run } = annsCall()
    await run(() => {
      expect(() => runAs(bob, () => currentCall(mail))).toThrow(/currentCall\(\) within a tool body/)
      expect(currentCall(mail).identity).toBe(ann)
    })
  })

  test('and a guarded call of Bob there uses its own credentials, and not hers', async () => {
    const { run, sent, behalf, call } = annsCall()
    await run(async (_, annsOwn) => {
      const inner = await behalf.run(mail, call({ identity: bob, slot: 'bob' }), async (__, bobs) => {
        await expect(annsOwn.access.mail.fetch(`${ORIGIN}/a`)).rejects.toMatchObject(misuse)
        return (await bobs.access.mail.fetch(`${ORIGIN}/b`)).text()
      })
      expect(inner).toMatchObject({ status: 'done', result: 'ok' })
    })
    expect(sent).toHaveLength(1)
  })

  test.each([
    ['another tenant', { tenant: 'other' }],
    ['another issuer', { issuer: `${ISSUER}/other` }],
  ])('is the same for the same subject of %s', async (_, over) => {
    const { run, sent } = annsCall()
    await run((__, call) =>
      runAs(user(over), () => expect(call.access.mail.fetch(`${ORIGIN}/a`)).rejects.toMatchObject(misuse)),
    )
    expect(sent).toEqual([])
  })

  test('while another login of Ann keeps the call and its credentials', async () => {
    const { run, sent } = annsCall()
    const again = user({ claims: { iat: 1_799_999_900 } })
    await run((_, call) =>
      runAs(again, async () => {
        expect(currentCall(mail)).toBe(call)
        await call.access.mail.fetch(`${ORIGIN}/a`)
      }),
    )
    expect(sent).toHaveLength(1)
  })
})

describe('a worker that serves jobs of many users', () => {
  /** A loop that runs jobs in the context in which it was started. */
  function worker() {
    const jobs: (() => void)[] = []
    let wake = Promise.withResolvers<void>()
    const loop = async () => {
      for (let ran = 0; ran < 2; ran++) {
        while (jobs.length === 0) await wake.promise
        wake = Promise.withResolvers()
        jobs.shift()?.()
      }
    }
    const submit = <Result>(job: () => Result): Promise<Result> => {
      const { promise, resolve, reject } = Promise.withResolvers<Result>()
      jobs.push(() => {
        try {
          resolve(job())
        } catch (error) {
          reject(error)
        }
      })
      wake.resolve()
      return promise
    }
    return { loop, submit }
  }

  test('runs the jobs of others as Ann where it was started within runAs(ann): why detached is there', async () => {
    const { loop, submit } = worker()
    void runAs(ann, loop)
    expect(await submit(() => currentIdentity())).toBe(ann)
  })

  test('runs them without a user within detached, and each as its own user where the job says so', async () => {
    const { loop, submit } = worker()
    void runAs(ann, () => detached(loop))
    await expect(submit(() => currentIdentity())).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    expect(await submit(() => runAs(bob, currentIdentity))).toBe(bob)
  })

  test('that is started detached by a tool has neither its identity nor its call', async () => {
    const { run } = annsCall()
    await run(() => {
      expect(() => detached(currentIdentity)).toThrow(/no current identity/)
      expect(() => detached(() => currentCall(mail))).toThrow(/no guarded call/)
      expect(detached(() => 'given back')).toBe('given back')
      expect(currentIdentity()).toBe(ann)
    })
  })

  test('whose generator or stream is read elsewhere stays detached', async () => {
    async function* steps() {
      yield attempt()
      yield attempt()
    }
    const attempt = () => {
      try {
        return currentIdentity()
      } catch {
        return 'no user'
      }
    }
    const generator = runAs(ann, () => detached(steps))
    const seen = await runAs(bob, async () => [(await generator.next()).value, (await generator.next()).value])
    expect(seen).toEqual(['no user', 'no user'])
  })
})
