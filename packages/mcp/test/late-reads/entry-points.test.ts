import { publicTool } from '@behalf/core'
import { coversEachEntryPoint, readsInTime } from '@behalf/testing/late-reads'
import { verifies } from '@behalf/testing/requirements'
import { afterAll, beforeAll, describe } from 'vitest'
import * as z from 'zod'
import * as client from '../../src/client/index.ts'
import * as server from '../../src/server/index.ts'
import * as v1 from '../../src/v1/index.ts'
import { issuer, serverUrl } from '../client/metadata-servers.ts'
import { open } from '../client/session/sessions.ts'
import { openWorld, type World } from '../world.ts'
import { clientEntries } from './client.ts'
import { serverEntries } from './server.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const tables = [clientEntries, serverEntries(() => world)]

describe(verifies('I12', 'an app that fills in the same objects for its next user'), () => {
  for (const table of tables) readsInTime(table)

  coversEachEntryPoint({
    modules: [client, server],
    async objects() {
      const tools = { look: { inputSchema: z.strictObject({}), execute: () => '' } }
      const options = { guard: world.guard(), policies: { look: publicTool(z.strictObject({})) } }
      const browser = await client.loopbackSignIn({ open: () => {} })
      await browser.close()
      return {
        v1: { ...v1 },
        gate: server.mcpResourceServer({ resource: world.resource, authorizationServer: world.profile }),
        guarded: server.guardTools(tools, options),
        session: open(world, { show: async () => {}, visited: [], callback: async () => '' }),
        access: client.machineAccess({ serverUrl, issuer, clientId: 'c', clientSecret: 's' }),
        browser,
      }
    },
    tables,
    exempt: [
      // They return their answer, and keep nothing of what they were given.
      ...['identityOf', 'interruptsOf', 'gate.serves'],
      // They take functions, servers, addresses, or objects of this package, which no app fills in.
      ...['withSignIn', 'gate.handle', 'guarded.register', 'browser.show'],
      // They take nothing.
      ...['session.signOut', 'browser.callback', 'browser.close'],
    ],
  })
})
