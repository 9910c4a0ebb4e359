import { expect } from 'vitest'
import { ask } from './backchannel.ts'
import { GRANT } from './raw.ts'
import type { Scenario } from './session.ts'

const needs = ['faults'] as const
const transport = { code: 'ERR_TRANSPORT' }

export const faults: readonly Scenario[] = [
  {
    title: 'an outage is told as one, with how long to wait, and passes',
    needs,
    async run(session) {
      const { refreshToken } = await session.login()
      await session.controls.fault('token', { status: 503, headers: { 'retry-after': '2' } })
      const server = session.server()
      const down = server.grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(down).rejects.toMatchObject({ ...transport, status: 503, retryAfter: 2 })
      const up = await server.grant(GRANT.refresh, { refresh_token: refreshToken })
      expect(up.accessToken).toEqual(expect.any(String))
    },
  },
  {
    title: 'a connection that breaks before anything happened changes nothing',
    needs,
    async run(session) {
      await session.controls.fault('bc-authorize', { reset: true })
      await expect(ask(session)).rejects.toMatchObject(transport)
      expect(await session.controls.pendingRequests()).toEqual([])
      await ask(session)
      expect(await session.controls.pendingRequests()).toHaveLength(1)
    },
  },
  {
    title: 'a connection that breaks after all happened has used things up',
    needs,
    async run(session) {
      const { refreshToken } = await session.login()
      const server = session.server()
      await session.controls.fault('token', { lostAnswer: true })
      const lost = server.grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(lost).rejects.toMatchObject(transport)
      const again = server.grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(again).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_grant' })
    },
  },
  {
    title: 'an answer that comes too late does not count',
    needs,
    async run(session) {
      const { refreshToken } = await session.login()
      await session.controls.fault('token', { delayMs: 400 })
      const late = session.connect(session.profile(), 100).grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(late).rejects.toMatchObject(transport)
    },
  },
  {
    title: 'a page instead of an answer is not believed',
    needs,
    async run(session) {
      const { refreshToken } = await session.login()
      await session.controls.fault('token', { body: '<html>Sign in</html>' })
      const page = session.server().grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(page).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    },
  },
  {
    title: 'an answer that says otherwise is noticed',
    needs: ['faults', 'token-exchange'],
    async run(session) {
      await session.controls.fault('introspect', { change: (answer) => ({ ...answer, active: 'yes' }) })
      const { refreshToken = '' } = await session.login()
      const asked = session.server().introspect(refreshToken)
      await expect(asked).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    },
  },
  {
    title: 'a fault hits the requests that it names',
    needs,
    async run(session) {
      const { refreshToken } = await session.login()
      const match = { grant_type: GRANT.clientCredentials }
      await session.controls.fault('token', { status: 500, match })
      const server = session.server()
      await server.grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(server.grant(GRANT.clientCredentials, {})).rejects.toMatchObject({ ...transport, status: 500 })
    },
  },
  {
    title: 'the log tells what was asked, and no secret',
    needs: ['request-log'],
    async run(session) {
      const { refreshToken = '' } = await session.login()
      await session.server().grant(GRANT.refresh, { refresh_token: refreshToken })
      const requests = await session.controls.requests()
      expect(requests.map(({ endpoint }) => endpoint)).toEqual(
        expect.arrayContaining(['metadata', 'authorize', 'token']),
      )
      const [last] = requests.slice(-1)
      expect(last).toMatchObject({ endpoint: 'token', method: 'POST', parameters: { grant_type: 'refresh_token' } })
      expect(JSON.stringify(requests)).not.toContain(refreshToken)
    },
  },
]
