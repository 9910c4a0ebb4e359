import { type Entries, port, type Watch } from '@behalf/testing/late-reads'
import { approvalAnswers } from '../../../src/entrypoints/channels.ts'
import { cibaPing, connectAccounts, inAppApprovals, inAppInbox } from '../../../src/entrypoints/http.ts'
import { storedVault } from '../../../src/entrypoints/vault.ts'
import { createWatcher, type WatchedAnswer } from '../../../src/entrypoints/watcher.ts'
import { memoryStore, policy } from '../../../src/index.ts'
import { user as guardUser, ISSUER, keys, schema, servers, smallWorld } from '../guard/small-world.ts'
import { user } from '../vault/world.ts'

const definition = { label: 'CRM', issuer: 'https://crm.example', clientId: 'c', clientSecret: 's', scopes: ['a'] }

/** A question that waits in the app's pages, answered by `answer`. */
async function inApp(watch: Watch, make: (options: object) => unknown) {
  const asked = smallWorld()
  const approvals = port(inAppApprovals())
  const behalf = asked.guard({ approvals })
  const ask = policy(schema, { version: '1', approval: { message: () => 'Pay' } })
  await behalf.run(ask, asked.call(), () => 'paid')
  const [view] = await behalf.approvals.list({ identity: guardUser(), as: 'owner' })
  const authorizationServer = servers().of(ISSUER).profile
  const options = { approvals, authorizationServer, store: port(asked.store), keys, clock: port(asked.clock) }
  return { ...asked, behalf, id: view?.id ?? '', made: watch.call(() => make(options)), options }
}

export const httpEntries: Entries = {
  connectAccounts: [
    async (watch) => {
      const store = memoryStore()
      const handler = watch.call(() =>
        connectAccounts(
          watch.given({
            linker: port(storedVault({ store, connections: { crm: definition } }).accounts),
            identityOf: () => user(),
            store: port(store),
            baseUrl: 'https://app.example/connections',
            origins: ['https://app.example'],
          }),
        ),
      )
      return (await handler(new Request('https://app.example/connections/accounts'))).json()
    },
    { accounts: [] },
  ],
  approvalAnswers: [
    async (watch) => {
      const { made, id, behalf } = await inApp(watch, (options) => approvalAnswers(watch.given(options) as never))
      const take = made as ReturnType<typeof approvalAnswers>
      const [asked] = await behalf.approvals.list({ identity: guardUser(), as: 'approver' })
      return watch.call(() =>
        take(watch.given({ id, questionId: asked?.questionId, answer: 'approve', identity: guardUser() }, 'answer')),
      )
    },
    { state: 'approved' },
  ],
  inAppInbox: [
    async (watch) => {
      const { made } = await inApp(watch, (options) => {
        const { approvals: _, authorizationServer: __, ...rest } = options as never as Record<string, object>
        return inAppInbox(
          watch.given({ ...rest, identityOf: () => guardUser(), origins: ['https://app.example'] }) as never,
        )
      })
      const response = await (made as ReturnType<typeof inAppInbox>)(new Request('https://app.example/inbox'))
      return response.json()
    },
    { questions: [{ message: 'Pay' }] },
  ],
  cibaPing: [
    async (watch) => {
      const handler = watch.call(() => cibaPing(watch.given({ store: port(memoryStore()), onPing: () => {} })))
      const request = {
        method: 'POST',
        headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
        body: '{"auth_req_id":"r"}',
      }
      return (await handler(new Request('https://app.example/ping', request))).status
    },
    401,
  ],
  inAppApprovals: [
    async (watch) => {
      const told: string[] = []
      const channel = watch.call(() =>
        inAppApprovals(watch.given({ notify: ({ message }: { message: string }) => void told.push(message) })),
      )
      const { guard, call } = smallWorld()
      await guard({ approvals: channel }).run(
        policy(schema, { approval: { message: () => 'Pay' } }),
        call(),
        () => 'paid',
      )
      return told
    },
    ['Pay'],
  ],
  createWatcher: [
    async (watch) => {
      const { guard, call, clock, store, answers, channel } = smallWorld()
      await guard().run(policy(schema, { version: '1', approval: { message: () => 'Pay' } }), call(), () => 'paid')
      clock.advance(10)
      answers({ status: 'denied' })
      const stop = new AbortController()
      const states: string[] = []
      const options = {
        approvals: { default: port(channel) },
        authorizationServer: servers().of(ISSUER).profile,
        store: port(store),
        keys,
        clock: port(clock),
        onAnswer: ({ state }: WatchedAnswer) => {
          states.push(state)
          stop.abort()
        },
        everyMs: 5,
      }
      await watch.call(() => createWatcher(watch.given(options))).run(stop.signal)
      return states
    },
    ['denied'],
  ],
}
