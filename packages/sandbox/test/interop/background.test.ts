import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGuard, memoryStore, policy, resource } from '@behalf/core'
import { delegations } from '@behalf/core/delegations'
import { createSessions } from '@behalf/core/identity'
import { type DevicePrompt, deviceLogin } from '@behalf/core/node'
import { login, type ProtocolTarget, profileOf, signIn } from '@behalf/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { sandboxTarget } from '../../src/index.ts'

let target: ProtocolTarget
beforeAll(async () => {
  target = await sandboxTarget()
})
beforeEach(() => target.reset())
afterAll(() => target.close())

const read = () =>
  policy(z.strictObject({ portfolio: z.string() }), {
    access: { trade: resource(target.api.resource, { scopes: ['portfolio:read'] }) },
  })
const call = { tool: 'read', slot: 'nightly', input: { portfolio: 'p-ann' } }

async function offline(user = 'ann') {
  const tokens = await login(target, { user, profile: profileOf(target, target.clients.agent) })
  const { accessToken, idToken, refreshToken = '' } = tokens
  const answer = { access_token: accessToken, token_type: 'Bearer', id_token: idToken, refresh_token: refreshToken }
  return { answer, refreshToken }
}

/** For everybody: an id_token that is older than its response is refused. */
function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
  onTestFinished(() => void vi.useRealTimers())
}

const refreshes = async () => {
  const requests = await target.authorizationServer.controls.requests()
  return requests.filter(({ parameters }) => parameters.grant_type === 'refresh_token').length
}

describe('work without the user, over HTTP', () => {
  test('a session renews once for all processes, and lives on', async () => {
    const profile = profileOf(target, target.clients.agent)
    const store = memoryStore()
    const settings = { authorizationServer: profile, audience: target.agentResource, store, refreshBeforeSeconds: 200 }
    const process = () => createSessions(settings)
    const { id } = await process().create((await offline()).answer)
    // The first token is about to end, and the next one is not.
    later(3_500)
    const all = await Promise.all([process(), process(), process()].map((sessions) => sessions.identity(id)))
    expect(all.map(({ status }) => status)).toEqual(['verified', 'verified', 'verified'])
    expect(await refreshes()).toBe(1)
    expect(await process().identity(id)).toMatchObject({ identity: { subject: 'ann' } })
    await process().end(id)
    expect(await process().identity(id)).toMatchObject({ status: 'login_required' })
  })

  test('a delegation gives a job its token, and ends with its revocation', async () => {
    const profile = profileOf(target, target.clients.agent)
    const store = memoryStore()
    const process = () =>
      createGuard({
        authorizationServer: profile,
        agent: { name: target.agentName },
        delegations: delegations(),
        store,
      })
    const [web, nightly] = [process(), process()]
    const ann = await signIn(target, { user: 'ann', profile })
    const { refreshToken } = await offline()
    const made = await web.delegations.create({
      identity: ann,
      tools: ['read'],
      expiresAt: Date.now() / 1000 + 3600,
      refreshToken,
    })
    expect(made.credentials).toBe('refresh_token')
    const [identity, again] = await Promise.all([
      web.delegations.identity(made.id),
      nightly.delegations.identity(made.id),
    ])
    const outcome = await nightly.run(read(), { ...call, identity: again }, async (_, { access }) => {
      const response = await access.trade.fetch(`${target.api.origin}/portfolios/p-ann`)
      return response.status
    })
    expect(outcome).toMatchObject({ status: 'done', result: 200 })
    expect(identity).toMatchObject({ subject: 'ann', claims: { roles: ['trader'] } })
    await web.delegations.revoke(made.id, { identity: ann })
    await expect(nightly.delegations.identity(made.id)).rejects.toMatchObject({ reason: 'revoked' })
    expect(await web.run(read(), { ...call, identity }, () => 'ran')).toMatchObject({ code: 'revoked' })
  })

  test('a device logs in by its code, renews, and logs out', async () => {
    const shown: DevicePrompt[] = []
    const folder = await mkdtemp(join(tmpdir(), 'behalf-cli-'))
    const key = randomBytes(32)
    const device = () =>
      deviceLogin({
        authorizationServer: profileOf(target, target.clients.public),
        application: 'trader',
        folder,
        key,
        resource: target.agentResource,
        scopes: ['openid', 'offline_access', 'chat'],
        show: (prompt) => void shown.push(prompt),
      })
    const waiting = device().login()
    await vi.waitFor(() => expect(shown).toHaveLength(1))
    await target.authorizationServer.controls.approveDevice(shown[0]?.userCode ?? '', 'ann')
    expect(await waiting).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
    later(3_560)
    expect(await device().identity()).toMatchObject({ status: 'verified', identity: { subject: 'ann' } })
    expect(await refreshes()).toBe(1)
    await device().logout()
    expect(await device().identity()).toMatchObject({ status: 'login_required' })
  })

  test('a device that is refused is told so', async () => {
    const shown: DevicePrompt[] = []
    const device = deviceLogin({
      authorizationServer: profileOf(target, target.clients.public),
      application: 'trader',
      folder: await mkdtemp(join(tmpdir(), 'behalf-cli-')),
      show: (prompt) => void shown.push(prompt),
    })
    const waiting = device.login()
    await vi.waitFor(() => expect(shown).toHaveLength(1))
    await target.authorizationServer.controls.denyDevice(shown[0]?.userCode ?? '')
    expect(await waiting).toEqual({ status: 'denied' })
  })
})
