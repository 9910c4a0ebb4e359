import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { auth0 } from '../../../src/entrypoints/providers.ts'
import { world } from './sessions-world.ts'

test(
  verifies('I10', 'a session is for the client of its login: a process of another client neither takes nor ends it'),
  async () => {
    const { sessions, answer, clients, clock, refreshes } = await world()
    const { clientId, authentication } = clients.agentWithKey
    if (!('privateKey' in authentication)) throw new Error('the client has no key')
    const { privateKey } = authentication
    const authorizationServer = auth0({ domain: 'tenant.behalf.example', clientId, privateKey, algorithms: ['ES256'] })
    const [own, other] = [sessions(), sessions({ authorizationServer })]
    const { id } = await own.create((await answer()).json)
    expect(await other.identity(id)).toMatchObject({ status: 'login_required' })
    clock.advance(3590)
    expect(await other.identity(id)).toMatchObject({ status: 'login_required' })
    expect(await refreshes()).toBe(0)
    expect(await own.identity(id)).toMatchObject({ status: 'verified', identity: { clientId: 'stock-agent' } })
  },
)
