import { type Entries, port } from '@behalf/testing/late-reads'
import { idJag, redeemIdJag, requestIdJag } from '../../../src/entrypoints/enterprise.ts'
import { resource } from '../../../src/index.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { API, employee, type twoIssuers } from '../token-exchange/two-issuers.ts'

const signal = () => AbortSignal.timeout(5000)
const surroundings = {
  fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, init),
  clock: { now: () => Date.now() },
  timeoutMs: 5000,
}

type Issuers = Awaited<ReturnType<typeof twoIssuers>>

export const idJagEntries = ({ assertion, profileHere, profileThere }: Issuers): Entries => ({
  requestIdJag: [
    async (watch) => {
      const options = {
        identityProvider: port(connectAuthorizationServer(profileHere(), surroundings)),
        identity: employee,
        authorizationServer: profileThere(),
        resource: API,
        scopes: ['portfolio:read'],
        signal: signal(),
      }
      return watch.call(() => requestIdJag(watch.given(options)))
    },
    { resource: API },
  ],
  redeemIdJag: [
    async (watch) => {
      const own = await assertion()
      const authorizationServer = port(connectAuthorizationServer(profileThere(), surroundings))
      const options = watch.given({
        authorizationServer,
        idJag: { ...own, scopes: [...own.scopes] },
        clock: port({ now: () => Date.now() }),
      })
      return watch.call(() => redeemIdJag(options))
    },
    { subject: 'ann' },
  ],
  idJag: [
    async (watch) => {
      const route = watch.call(() => idJag(watch.given({ authorizationServer: profileThere() }) as never))
      return resource(API, { scopes: ['portfolio:read'], through: route as never })
    },
    { resource: API },
  ],
})
