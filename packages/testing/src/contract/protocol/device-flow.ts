import { expect } from 'vitest'
import { GRANT, type Raw } from './raw.ts'
import type { Scenario, Session } from './session.ts'

async function start(session: Session) {
  const client = session.target.clients.public
  const { agentResource: resource } = session.target
  const scope = 'openid offline_access chat'
  const { status, body } = await session.post('device_authorization_endpoint', { scope, resource }, { client })
  expect(status).toBe(200)
  const poll = (by = client): Promise<Raw> =>
    session.token({ grant_type: GRANT.device, device_code: String(body.device_code) }, { client: by })
  return { body, userCode: String(body.user_code), poll, client }
}

export const deviceFlow: readonly Scenario[] = [
  {
    title: 'a device logs in once a user approved it elsewhere, and once only',
    async run(session) {
      const { body, userCode, poll, client } = await start(session)
      expect(body).toMatchObject({
        verification_uri: expect.stringContaining(new URL(session.issuer).origin),
        verification_uri_complete: expect.stringContaining(userCode),
        interval: 1,
      })
      expect(await poll()).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })
      await session.controls.approveDevice(userCode, 'ann')
      await session.wait(1)
      const answer = await poll()
      const identity = await session.verify(
        String(answer.body.access_token),
        session.target.agentResource,
        session.profile(client),
      )
      expect(identity).toMatchObject({ subject: 'ann', clientId: client.clientId })
      expect(answer.body).toMatchObject({ id_token: expect.any(String), refresh_token: expect.any(String) })
      await session.wait(1)
      expect(await poll()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    },
  },
  {
    title: 'a no is a no',
    async run(session) {
      const { userCode, poll } = await start(session)
      await session.controls.denyDevice(userCode)
      expect(await poll()).toMatchObject({ status: 400, body: { error: 'access_denied' } })
    },
  },
  {
    title: 'a device that polls too fast is told to slow down',
    async run(session) {
      const { poll } = await start(session)
      const errors: unknown[] = []
      // On a busy machine two polls may be a second apart.
      for (let polls = 0; polls < 10 && !errors.includes('slow_down'); polls++) errors.push((await poll()).body.error)
      expect([errors[0], errors.at(-1)]).toEqual(['authorization_pending', 'slow_down'])
    },
  },
  {
    title: 'a code belongs to its client',
    async run(session) {
      const { userCode, poll } = await start(session)
      await session.controls.approveDevice(userCode, 'ann')
      expect(await poll(session.agent)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    },
  },
]
