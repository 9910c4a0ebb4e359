import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { asks, ISSUER, reads, schema, smallWorld, user } from './small-world.ts'

const subject = { issuer: ISSUER, subject: 'ann' }

/** A guard whose record of ann's revocation does not open. */
async function damaged() {
  const small = smallWorld()
  const rows = pointedRows(small.store)
  const behalf = small.guard({ store: rows.store })
  await behalf.revoke({ ...subject, tenant: 'first' })
  const [name = ''] = rows.keys('revoked:')
  expect(rows.indexesOf(name)).toEqual([])
  const damage = async () => {
    const version = (await small.store.get(name))?.version ?? null
    await small.store.put(name, new Uint8Array([1, 2, 3]), { ifVersion: version })
  }
  return { ...small, behalf, damage, rows }
}

describe('revoke over a record of the name that does not open', () => {
  test('replaces it, and ends what is open', async () => {
    const { behalf, damage, call } = await damaged()
    await behalf.run(asks, call({ slot: 'open' }), () => 'ran')
    await damage()
    expect(await behalf.revoke(subject)).toMatchObject({ approvals: 1 })
    expect(await behalf.approvals.list({ identity: user({ subject: 'bob' }), as: 'owner' })).toEqual([])
  })

  test('refuses proofs from before in each tenant, since the tenants that it named are unknown, and takes later ones', async () => {
    const { behalf, damage, call, clock, guard, rows } = await damaged()
    await damage()
    await behalf.revoke({ ...subject, tenant: 'second' })
    const other = guard({ store: rows.store })
    const tenants = ['first', 'second', 'third']
    for (const tenant of tenants) {
      const outcome = other.run(asks, call({ slot: tenant, identity: user({ tenant }) }), () => 'ran')
      await expect(outcome).resolves.toMatchObject({ status: 'denied', code: 'revoked' })
    }
    clock.advance(31)
    const claims = { iat: clock.now() / 1000 }
    for (const tenant of tenants) {
      const outcome = other.run(reads, call({ identity: user({ tenant, claims }) }), () => 'ran')
      await expect(outcome).resolves.toMatchObject({ status: 'done' })
    }
  })
})

describe('a revocation whose record of the name was deleted', () => {
  test('counts for the yes that its approver had given, in a process that knows it', async () => {
    const small = smallWorld()
    const rows = pointedRows(small.store)
    const rules = policy(schema, {
      version: '1',
      approval: { message: () => 'Pay', approver: () => ({ issuer: ISSUER, subject: 'carol' }) },
    })
    const { call, clock, questions } = small
    const behalf = small.guard({ store: rows.store })
    await behalf.run(rules, call(), () => 'ran')
    small.answers({ status: 'approved' })
    clock.advance(6)
    expect(await behalf.preflight(rules, call())).toMatchObject({ status: 'ready' })
    clock.advance(1)
    await behalf.revoke({ issuer: ISSUER, subject: 'carol' })
    small.answers({ status: 'pending' })
    const [name = ''] = rows.keys('revoked:')
    await small.store.delete(name)
    expect(await behalf.run(rules, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(2)
  })
})
