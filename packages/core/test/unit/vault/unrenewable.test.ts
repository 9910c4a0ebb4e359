import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4842', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => {
  crm.reset()
  crm.state.expiresIn = undefined
  crm.after = async (answer) => {
    const { refresh_token: _, ...body } = (await answer.json()) as Record<string, unknown>
    return HttpResponse.json(body) as never
  }
})

/** An account whose token was given without a refresh token, and an API that refuses it now and then. */
async function linked() {
  const { ask, link } = world(crm, { clock })
  await link()
  const refused = async () => {
    const before = await ask()
    if (before.status !== 'token') return before.status
    return (await ask({ refused: before.token })).status
  }
  return { ask, link, refused }
}

describe('a token that cannot be renewed', () => {
  test('serves as long as it is told to, without end where nothing is told', async () => {
    crm.state.expiresIn = 3600
    const ending = await linked()
    clock.advance(3601)
    expect(await ending.ask()).toMatchObject({ status: 'must_reconnect' })
    crm.state.expiresIn = undefined
    const { ask } = await linked()
    clock.advance(1e8)
    const answer = await ask()
    expect(answer).toMatchObject({ status: 'token' })
    expect(answer).not.toHaveProperty('expiresAt')
  })

  test('lives on after an API refused it for a moment', async () => {
    const { ask, refused } = await linked()
    for (let round = 0; round < 5; round++) expect(await refused()).toBe('token')
    clock.advance(3601)
    // The same again an hour later is another such moment.
    expect(await refused()).toBe('token')
    expect(await ask()).toMatchObject({ status: 'token' })
  })

  test('is taken for revoked where the API refuses it again, and no longer given out', async () => {
    const { ask, link, refused } = await linked()
    expect(await refused()).toBe('token')
    clock.advance(31)
    expect(await refused()).toBe('must_reconnect')
    expect(await ask()).toMatchObject({ status: 'must_reconnect' })
    await link()
    expect(await refused()).toBe('token')
  })

  test('is given out no longer where the clock was set back', async () => {
    const { refused } = await linked()
    expect(await refused()).toBe('token')
    clock.advance(-7200)
    expect(await refused()).toBe('token')
    clock.advance(31)
    expect(await refused()).toBe('must_reconnect')
    clock.advance(7200)
  })
})
