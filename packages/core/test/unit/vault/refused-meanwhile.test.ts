import { expect, test, vi } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { revealToken } from '../../../src/credential/token.ts'
import { connection, type Vault, type VaultRequest } from '../../../src/entrypoints/vault.ts'
import { policy } from '../../../src/index.ts'
import { schema, smallWorld } from '../guard/small-world.ts'

const API = 'https://api.crm.example'
const reads = policy(schema, { access: { crm: connection('crm', { scopes: ['read'], origins: [API] }) } })

/** An API that accepts only the second token, and a vault that gives it after the first was refused. */
function world(vaultGives: (request: VaultRequest, count: number) => Promise<string> | string) {
  const { guard, call, clock } = smallWorld()
  const sent: (string | null)[] = []
  const asked: (string | undefined)[] = []
  const vault: Vault = {
    specificationVersion: 1,
    token: async (request) => {
      const { refused } = request
      const count = asked.push(refused && revealToken(refused))
      const token = new Token(await vaultGives(request, count))
      return { status: 'token', token, scopes: ['read'], recheckSeconds: 60 }
    },
  }
  let isRefusing = false
  const behalf = guard({
    vault,
    fetch: async (_input, init) => {
      const authorization = new Headers(init?.headers).get('authorization')
      sent.push(authorization)
      return new Response(null, { status: isRefusing && authorization === 'Bearer first' ? 401 : 200 })
    },
  })
  const read = () => behalf.run(reads, call(), (_, { access }) => access.crm.fetch(`${API}/x`).then((r) => r.status))
  return {
    read,
    sent,
    asked,
    clock,
    refuse: () => {
      isRefusing = true
    },
  }
}

test('a renewal that was under way when the API refused brings the refused token: the vault is asked once more', async () => {
  // As early as it is ever due.
  vi.spyOn(Math, 'random').mockReturnValue(0.999)
  const late = Promise.withResolvers<string>()
  const { read, sent, asked, clock, refuse } = world(({ refused }, count) => {
    if (refused !== undefined) return 'second'
    return count === 1 ? 'first' : late.promise
  })
  expect(await read()).toMatchObject({ result: 200 })
  clock.advance(35)
  refuse()
  const reading = read()
  await expect.poll(() => sent.length).toBe(2)
  late.resolve('first')
  expect(await reading).toMatchObject({ result: 200 })
  expect(sent).toEqual(['Bearer first', 'Bearer first', 'Bearer second'])
  expect(asked).toEqual([undefined, undefined, 'first'])
  expect(await read()).toMatchObject({ result: 200 })
  expect(sent.at(-1)).toBe('Bearer second')
  vi.restoreAllMocks()
})

test('a vault that has no other token is asked twice, and the API is not sent the refused one again', async () => {
  const { read, sent, asked, refuse } = world(() => 'first')
  await read()
  refuse()
  expect(await read()).toMatchObject({ result: 401 })
  expect(sent).toEqual(['Bearer first', 'Bearer first'])
  expect(asked).toEqual([undefined, 'first', 'first'])
})
