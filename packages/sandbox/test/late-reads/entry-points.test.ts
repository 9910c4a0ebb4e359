import { coversEachEntryPoint, type Entries, readsInTime } from '@behalf/testing/late-reads'
import { verifies } from '@behalf/testing/requirements'
import { afterAll, describe } from 'vitest'
import * as sandbox from '../../src/index.ts'

const open: { close(): void | Promise<void> }[] = []
afterAll(() => Promise.all(open.map((one) => one.close())))

const clients = () => [{ clientId: 'app', clientSecret: 'a-secret', redirectUris: ['https://app.example/callback'] }]
const resources = () => [{ identifier: 'https://api.example', scopes: ['read'] }]
const users = () => [{ subject: 'zoe', claims: { roles: ['trader'] } }]

const entries: Entries = {
  startAuthorizationServer: [
    async (watch) => {
      const options = { clients: clients(), resources: resources(), users: users(), interval: 1 }
      const at = watch.given({ port: 0 }, 'at')
      const server = await watch.call(() => sandbox.startAuthorizationServer(watch.given(options) as never, at))
      open.push(server)
      await server.controls.signInAs('zoe')
      return (await fetch(`${server.issuer}/.well-known/openid-configuration`)).status
    },
    200,
  ],
  sandboxTarget: [
    async (watch) => {
      const options = { interval: 1, clients: clients(), resources: resources() }
      const target = await watch.call(() => sandbox.sandboxTarget(watch.given(options) as never))
      open.push(target)
      return (await fetch(`${target.authorizationServer.issuer}/.well-known/openid-configuration`)).status
    },
    200,
  ],
  startSandbox: [
    async (watch) => {
      const options = { interval: 1, clients: clients(), resources: resources(), onEvent: () => {} }
      const started = await watch.call(() => sandbox.startSandbox(watch.given(options) as never))
      open.push(started)
      return started.people.some(({ subject }) => subject === 'ann')
    },
    true,
  ],
  runDoctor: [
    async (watch) => {
      const server = await sandbox.startAuthorizationServer({ clients: clients(), users: [] })
      open.push(server)
      const options = { issuer: server.issuer, clientId: 'app', clientSecret: 'a-secret', needs: ['ciba'] }
      const { issuer } = await watch.call(() => sandbox.runDoctor(watch.given(options) as never))
      return issuer === server.issuer
    },
    true,
  ],
}

describe(verifies('I12', 'a test or an app that fills in the same objects for its next server'), () => {
  readsInTime(entries)

  coversEachEntryPoint({
    modules: [sandbox],
    async objects() {
      const [started, server] = await Promise.all([
        sandbox.startSandbox(),
        sandbox.startAuthorizationServer({ clients: [], users: [] }),
      ])
      open.push(started, server)
      return { sandbox: started, phone: started.phone, server }
    },
    tables: [entries],
    // They take texts, functions or nothing.
    exempt: [
      'sandbox.onEvent',
      'sandbox.fault',
      'sandbox.signIn',
      'sandbox.close',
      'phone.urlOf',
      'server.publicKey',
      'server.linkForVault',
      'server.close',
    ],
  })
})
