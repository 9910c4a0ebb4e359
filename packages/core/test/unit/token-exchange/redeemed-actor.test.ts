import { describe, expect, test } from 'vitest'
import { connectAuthorizationServer } from '../../../src/authorization-server/index.ts'
import { redeemIdJag } from '../../../src/token-exchange/index.ts'
import { twoIssuers } from './two-issuers.ts'

const world = await twoIssuers()

describe("a token of an API's own server, whose profile says how it names our agent", () => {
  const redeem = async () => {
    const profile = { ...world.profileThere(), actor: 'agent:trader' }
    const surroundings = { fetch, clock: Date, timeoutMs: 5_000 }
    return redeemIdJag({
      authorizationServer: connectAuthorizationServer(profile, surroundings),
      idJag: await world.assertion(),
    })
  }

  test('is taken where it names the agent', async () => {
    await expect(redeem()).resolves.toMatchObject({ actor: { subject: 'agent:trader' } })
  })

  test.each([
    ['nobody', { act: undefined }, {}],
    ['another', { act: { sub: 'agent:other', act: { sub: 'agent:trader' } } }, {}],
    ['nobody that can be read', {}, { access_token: 'opaque' }],
  ])('is dropped where it names %s', async (_, token, answer) => {
    Object.assign(world.says, { token, answer })
    await expect(redeem()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })
})
