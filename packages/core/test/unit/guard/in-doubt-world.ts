import { Token } from '../../../src/credential/index.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { type Call, type Policy, policy } from '../../../src/index.ts'
import { schema, smallWorld } from './small-world.ts'

export const mail = {
  ...connection('mail', { scopes: ['send'], origins: ['https://mail.example'] }),
  withoutApproval: ['read'],
}
export const vault: Vault = {
  specificationVersion: 1,
  token: async ({ scopes }) => ({ status: 'token', token: new Token('a-token'), scopes }),
}
export const writes = policy(schema, { version: '1', effect: 'write', access: { mail }, writesOnlyBy: 'access' })
export const asks = policy(schema, {
  version: '1',
  approval: { message: ({ input }) => `Pay ${input.amount}` },
  access: { mail },
  writesOnlyBy: 'access',
})
export const blind = policy(schema, { version: '1', effect: 'write' })

export type Body = (input: unknown, call: Call<{ mail: typeof mail }>) => unknown

/** An API that answers as it is told to, and counts what it was sent. */
export function api() {
  const world = smallWorld()
  const state = { status: 200, fails: false }
  const sent: string[] = []
  const keys: string[] = []
  const fetch = async (_: unknown, init: RequestInit = {}) => {
    sent.push(init.method ?? 'GET')
    if (state.fails) throw new TypeError('fetch failed')
    return new Response(null, { status: state.status })
  }
  const guard = world.guard({ vault, fetch: fetch as typeof globalThis.fetch })
  const request =
    (method: string): Body =>
    async (_, { access, idempotencyKey }) => {
      keys.push(idempotencyKey)
      const response = await access.mail.fetch('https://mail.example/pay', { method })
      if (!response.ok || state.status === 299) throw new Error(`the API said ${response.status}`)
      return 'paid'
    }
  const run = (rules: Policy, slot: string, body: Body, over: object = {}) =>
    guard.run(rules as typeof writes, world.call({ slot, ...over }), body as never).catch((error: Error) => error)
  return { ...world, behalf: world.guard, guard, state, sent, keys, request, run }
}
