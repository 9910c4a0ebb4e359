import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { TokenEvent } from '../../../src/entrypoints/audit.ts'
import { idJag } from '../../../src/guard/tools/id-jag.ts'
import { type AuditEvent, createGuard, policy, resource } from '../../../src/index.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { redeemIdJag } from '../../../src/token-exchange/redeem-id-jag.ts'
import { API, employee, twoIssuers } from './two-issuers.ts'

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
    ['no actor', { act: undefined }, {}],
    ['another', { act: { sub: 'agent:other', act: { sub: 'agent:trader' } } }, {}],
    ['no readable actor', {}, { access_token: 'opaque' }],
  ])('is dropped where it names %s', async (_, token, answer) => {
    Object.assign(world.says, { token, answer })
    await expect(redeem()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })
})

test('its audit event says when it was asked for, and who acts', async () => {
  const events: AuditEvent[] = []
  const began = Date.now()
  const guard = createGuard({
    authorizationServer: world.profileHere(),
    agent: { name: 'agent:trader' },
    audit: { write: (event) => void events.push(event) },
  })
  const through = idJag({ authorizationServer: world.profileThere() })
  const reads = policy(z.strictObject({}), {
    access: { trade: resource(API, { scopes: ['portfolio:read'], through }) },
  })
  const outcome = await guard.run(reads, { tool: 'read', slot: 's', input: {}, identity: employee }, () => 'ran')
  expect(outcome).toMatchObject({ result: 'ran' })
  const [token] = events.filter((event): event is TokenEvent => event.type === 'token')
  expect(token).toMatchObject({
    source: 'exchange',
    actor: { subject: 'agent:trader' },
    principal: { subject: 'emp-7' },
  })
  expect(token?.startedAt).toBeGreaterThanOrEqual(began)
  expect(token?.startedAt).toBeLessThanOrEqual(token?.at ?? 0)
})
