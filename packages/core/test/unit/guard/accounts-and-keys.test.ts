import { describe, expect, test } from 'vitest'
import { generateDpopKey } from '../../../src/entrypoints/providers.ts'
import type { AccessRule } from '../../../src/entrypoints/spi.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { tokenKey } from '../../../src/guard/credentials/token-key.ts'
import { admit } from '../../../src/identity/verified.ts'
import { type Identity, policy, resource } from '../../../src/index.ts'
import { askedVault } from './asked-vault.ts'
import { ISSUER, schema, servers, smallWorld, user } from './small-world.ts'

const origins = ['https://mail.example'] as const
const mail = (account?: unknown) =>
  connection('mail', { scopes: ['send'], origins, ...(account !== undefined && { account }) } as never)
const agent: Identity = admit({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {} })
const dpop = await generateDpopKey()

/** A vault that answers so, and what it was asked. */
function asking(answer: Parameters<typeof askedVault>[1] = {}) {
  const world = smallWorld()
  const { vault, asked } = askedVault(world.clock, answer)
  const behalf = world.guard({ vault })
  const run = (rule = mail(), identity: Identity = user()) =>
    behalf.run(policy(schema, { access: { mail: rule } }), world.call({ identity }), () => 'ran')
  return { ...world, asked, run }
}

describe('whose token it is in the cache (I2)', () => {
  const keyOf = (rule: AccessRule, over: object = {}, identity: Identity = user()) =>
    tokenKey(identity, rule, rule.scopes, servers(over))
  const api = 'https://api.example/'
  const chosen = mail(({ identity }: { identity: { claims: { mailbox?: string } } }) => identity.claims.mailbox)
  const having = (mailbox?: string) => user({ claims: { iat: 1, mailbox } })

  test('each account, scope, kind and target has its own', () => {
    const rules = [
      mail(),
      mail('work'),
      mail('home'),
      resource(api, { scopes: ['send'] }),
      resource(api, { scopes: ['read'] }),
    ]
    expect(new Set(rules.map((rule) => keyOf(rule))).size).toBe(rules.length)
    for (const rule of rules) expect(keyOf(rule)).toBe(keyOf(rule))
  })

  test('an account that is chosen for each user is looked for at each call', () => {
    const keys = [keyOf(chosen, {}, having('work')), keyOf(chosen, {}, having('home')), keyOf(chosen, {}, having())]
    expect(new Set(keys).size).toBe(3)
    expect(keyOf(chosen, {}, having('work'))).toBe(keys[0])
    const moving = mail(() => ['first', 'second'][turn++])
    let turn = 0
    const identity = user()
    expect(keyOf(moving, {}, identity)).not.toBe(keyOf(moving, {}, identity))
  })

  test('our key binds what our servers issue, and nothing of a vault', () => {
    const rule = resource(api, { scopes: ['send'] })
    expect(keyOf(rule, { dpop })).not.toBe(keyOf(rule))
    const linked = mail()
    expect(keyOf(linked, { dpop })).toBe(keyOf(linked))
  })
})

describe('which account a call gets', () => {
  test.each<readonly [string, unknown, object]>([
    ['the one that the policy names', 'work', { account: 'work' }],
    ['the one that it chooses for this user', () => 'home', { account: 'home' }],
    ['whichever there is, where it chooses none', () => undefined, {}],
  ])('%s', async (_, account, expected) => {
    const { run, asked } = asking()
    expect(await run(mail(account))).toMatchObject({ status: 'done' })
    expect(asked[0]).toMatchObject(expected)
    expect('account' in (asked[0] ?? {})).toBe('account' in expected)
  })

  test.each([
    ['an empty name', ''],
    ['no name', null],
    ['a promise', Promise.resolve('work')],
  ])('none where it chooses %s: the vault is not asked', async (_, account) => {
    const { run, asked } = asking()
    const outcome = await run(mail(() => account))
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('connection.account')
    expect(asked).toEqual([])
  })

  test('none, for an agent without a user: it has no accounts, and its policy chooses none', async () => {
    const { run, asked } = asking()
    const chosenFor: Identity[] = []
    const chooses = ({ identity }: { identity: Identity }) => {
      chosenFor.push(identity)
      return 'work'
    }
    for (const rule of [mail(), mail(chooses)]) {
      const outcome = await run(rule, agent)
      expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(outcome.trace.steps.at(-1)?.detail).toContain('no user')
    }
    expect([asked, chosenFor]).toEqual([[], []])
  })

  test('none at a guard without a vault, and its remedy is told', async () => {
    const { guard, call } = smallWorld()
    const outcome = await guard().run(policy(schema, { access: { mail: mail() } }), call(), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('`vault`')
  })
})

describe('how long a vault’s token is kept here', () => {
  test.each<readonly [string, Parameters<typeof asking>[0], number, number]>([
    ['as long as it lives', { expiresIn: 3600 }, 1800, 1],
    ['no longer than it lives', { expiresIn: 600, recheckSeconds: 3600 }, 700, 2],
    ['no longer than the vault says', { expiresIn: 3600, recheckSeconds: 600 }, 700, 2],
    ['as long as the vault says, where it has no end', { recheckSeconds: 600 }, 60, 1],
    ['no longer than the vault says, where it has no end', { recheckSeconds: 600 }, 700, 2],
  ])('%s', async (_, answer, later, times) => {
    const { run, asked, clock } = asking(answer)
    const rule = mail()
    await run(rule)
    clock.advance(later)
    await run(rule)
    expect(asked).toHaveLength(times)
  })
})
