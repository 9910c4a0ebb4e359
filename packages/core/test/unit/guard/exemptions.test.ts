import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { connection, type Vault, type VaultRequest } from '../../../src/entrypoints/vault.ts'
import { policy, resource } from '../../../src/index.ts'
import { schema, smallWorld } from './small-world.ts'

const origins = ['https://mail.example'] as const
const mail = connection('mail', { scopes: ['mail.send'], withoutApproval: ['mail.draft'], origins })
const sends = policy(schema, {
  approval: { message: () => 'Send it', when: ({ input }) => input.amount > 10 },
  access: { mail },
})

function vaultWith(scopesOf: (asked: readonly string[]) => readonly string[]) {
  const asked: VaultRequest[] = []
  const vault: Vault = {
    specificationVersion: 1,
    token: async (request) => {
      asked.push(request)
      return { status: 'token', token: new Token('an-upstream-token'), scopes: scopesOf(request.scopes) }
    },
  }
  return { vault, asked }
}

describe('a scope of a policy with an approval is never had without one, from the vault either (I5)', () => {
  test(verifies('I5', 'an exempted call asks for what the policy names apart'), async () => {
    const { guard, call } = smallWorld()
    const { vault, asked } = vaultWith((scopes) => scopes)
    const small = call({ input: { amount: 5 } })
    const outcome = await guard({ vault }).run(sends, small, (_, { access }) => access.mail.scopes)
    expect(outcome).toMatchObject({ status: 'done', result: ['mail.draft'] })
    expect(asked.map(({ scopes }) => scopes)).toContainEqual(['mail.draft'])
    expect(asked.map(({ scopes }) => scopes)).not.toContainEqual(['mail.send'])
  })

  test(verifies('I5', 'an account that gives more than was asked gives it to no exempted call'), async () => {
    const { guard, call } = smallWorld()
    const { vault } = vaultWith(() => ['mail.draft', 'mail.send'])
    const outcome = await guard({ vault }).run(sends, call({ input: { amount: 5 } }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('mail.send')
  })

  describe('also where a tool without an approval got the token of that account before', () => {
    const reads = policy(schema, { access: { mail: connection('mail', { scopes: ['mail.draft'], origins }) } })
    const lasting = (): Vault => ({
      specificationVersion: 1,
      token: async () => ({
        status: 'token',
        token: new Token('an-upstream-token'),
        scopes: ['mail.draft', 'mail.send'],
        expiresAt: 4_000_000_000,
      }),
    })

    test(verifies('I5', 'a cached token with more scopes is refused to an exempted call'), async () => {
      const { guard, call } = smallWorld()
      const behalf = guard({ vault: lasting() })
      expect(await behalf.run(reads, call({ tool: 'read' }), () => 'read')).toMatchObject({ status: 'done' })
      const ran: string[] = []
      const outcome = await behalf.run(sends, call({ input: { amount: 5 } }), () => ran.push('sent'))
      expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(ran).toEqual([])
      expect(await behalf.run(reads, call({ tool: 'read', slot: 'again' }), () => 'read')).toMatchObject({
        status: 'done',
      })
    })

    test(verifies('I5', 'so is one that both calls wait for; and the call without an approval gets it'), async () => {
      const { guard, call } = smallWorld()
      const behalf = guard({ vault: lasting() })
      const small = call({ input: { amount: 5 } })
      const [sent, read] = await Promise.all([
        behalf.run(sends, small, () => 'sent'),
        behalf.run(reads, call({ tool: 'read' }), () => 'read'),
      ])
      expect(sent).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(read).toMatchObject({ status: 'done' })
    })
  })

  test('an approved call has its full scopes', async () => {
    const { guard, call, clock, answers } = smallWorld()
    const { vault } = vaultWith((scopes) => scopes)
    const behalf = guard({ vault })
    await behalf.run(sends, call(), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(10)
    const outcome = await behalf.run(sends, call(), (_, { access }) => access.mail.scopes)
    expect(outcome).toMatchObject({ status: 'done', result: ['mail.send'] })
  })

  test.each([
    [
      'when, and a connection without withoutApproval',
      { mail: connection('mail', { scopes: ['mail.send'], origins }) },
    ],
    [
      'a scope that stands under another name of the same connection',
      { mail, other: connection('mail', { scopes: ['mail.draft'], withoutApproval: ['mail.read'], origins }) },
    ],
    [
      'a scope that stands under another name of the same resource',
      {
        one: resource('https://api.example/', { scopes: ['write'], withoutApproval: ['read'] }),
        two: resource('https://api.example/', { scopes: ['read'], withoutApproval: ['list'] }),
      },
    ],
  ])('refused where the policy is written: %s', (_, access) => {
    const rules = { approval: { message: () => 'x', when: () => true }, access }
    expect(() => policy(schema, rules as never)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
  })

  test('refused where the connection is written: the same scope with and without', () => {
    expect(() => connection('mail', { scopes: ['a', 'b'], withoutApproval: ['b'], origins })).toThrow(
      expect.objectContaining({ option: 'connection.withoutApproval' }),
    )
  })
})

describe('enforcedBy: server where it cannot hold fails where it is written (A9)', () => {
  const api = resource('https://api.example/', { scopes: ['write'] })
  const approval = { message: (): string => 'x', details: () => [{ type: 'payment' }], enforcedBy: 'server' } as const
  test.each([
    [
      'a connection beside the resource',
      { approval, access: { api, mail: connection('mail', { scopes: ['a'], origins }) } },
    ],
    ['no details', { approval: { message: (): string => 'x', enforcedBy: 'server' }, access: { api } }],
    ['no credential at all', { approval }],
  ])('%s', (_, rules) => {
    expect(() => policy(schema, rules as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'policy.approval.enforcedBy' }),
    )
  })

  test('and one that can hold is taken', () => {
    expect(() => policy(schema, { approval, access: { api } })).not.toThrow()
  })
})
