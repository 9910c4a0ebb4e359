import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { Token } from '../../../src/entrypoints/spi.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { currentCall, policy } from '../../../src/index.ts'
import { schema, smallWorld } from './small-world.ts'

const bank = (name: string) =>
  connection(name, { scopes: ['pay'], origins: ['https://bank.example'], idempotencyHeader: 'Idempotency-Key' })

test(
  verifies(
    'A6',
    'two requests of one call that write have different keys, where two of its credentials are for one API',
  ),
  async () => {
    const { guard, call } = smallWorld()
    const keys: (string | null)[] = []
    const vault: Vault = {
      specificationVersion: 1,
      token: async () => ({ status: 'token', token: new Token('a-token'), scopes: ['pay'] }),
    }
    const fetch = async (_: unknown, init?: RequestInit) => {
      keys.push(new Headers(init?.headers).get('idempotency-key'))
      return new Response(null)
    }
    const transfers = policy(schema, { effect: 'write', access: { from: bank('from'), to: bank('to') } })
    const outcome = await guard({ vault, fetch }).run(transfers, call(), async () => {
      const { access, idempotencyKey } = currentCall(transfers)
      const order = { method: 'POST', body: '{"amount":50}' }
      await access.from.fetch('https://bank.example/orders', order)
      await access.to.fetch('https://bank.example/orders', order)
      return idempotencyKey
    })
    const key = 'result' in outcome ? outcome.result : undefined
    expect(keys).toEqual([key, `${key}.2`])
  },
)
