import { describe, expect, test } from 'vitest'
import { twoIssuers } from './two-issuers.ts'

const world = await twoIssuers()
const dropped = async (work: Promise<unknown>, why: string) => {
  await expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining(why) })
}

describe('a token redeemed for an assertion', () => {
  test.each([
    ['a surplus in a list', { scope: ['portfolio:read', 'admin:all'] }, {}, 'admin:all'],
    ['a scope that cannot be read', { scope: { a: 1 } }, {}, 'scopes cannot be read'],
    ['more than the answer says', {}, { scope: '' }, 'its answer does not name'],
  ])('with %s is dropped', async (_, token, answer, why) => {
    const idJag = await world.assertion()
    Object.assign(world.says, { token, answer })
    await dropped(world.redeem(idJag), why)
  })

  test('has the scopes that it really holds, and not those that the answer says', async () => {
    const idJag = await world.assertion({ scopes: ['portfolio:read', 'trade:write'] })
    Object.assign(world.says, { token: { scope: ['portfolio:read'] }, answer: { scope: 'portfolio:read trade:write' } })
    await expect(world.redeem(idJag)).resolves.toMatchObject({ scopes: ['portfolio:read'] })
  })
})

describe('an assertion of the user’s issuer', () => {
  test.each([
    ['a surplus in a list', ['portfolio:read', 'admin:all'], 'admin:all'],
    ['a scope that cannot be read', { a: 1 }, 'scopes cannot be read'],
  ])('with %s is dropped', async (_, scope, why) => {
    world.says.assertion = { scope }
    await dropped(world.assertion(), why)
    expect(world.forms.server).toEqual([])
  })
})
