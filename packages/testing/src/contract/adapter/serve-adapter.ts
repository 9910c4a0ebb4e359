import { type Fetch, type Store, type UserIdentity, verifyAccessToken } from '@behalf/core'
import { AGENT_RESOURCE } from '../../target/make-world.ts'
import { TestingError } from '../../testing-error.ts'
import type { AdapterSubject } from './adapter-subject.ts'
import { makeGuard, profileOf } from './make-guard.ts'
import type { RemoteTurn, ToChild, ToParent, WireResponse } from './remote-turn.ts'
import { guardedTool, policies } from './toolbox.ts'

/**
 * Runs one turn in this process, for a suite in another one. The module that is given to `describeAdapter` as `worker`
 * calls it, and does nothing else.
 *
 * Store and servers stay with the suite, and this process calls them over the channel between the two processes. Guard,
 * identity, tools, agent and the framework's persistence are of this process.
 *
 * @throws TestingError The process was not started by `describeAdapter`.
 */
export function serveAdapter(subject: AdapterSubject): void {
  const parent = connect()
  parent.onTurn(async (turn) => {
    const clock = { now: () => Date.now() + turn.aheadMs }
    const around = { store: storeOf(parent.ask), fetch: fetchOf(parent.ask), clock }
    const identity = turn.accessToken === undefined ? undefined : await verified(turn.accessToken, turn, around)
    const report = await subject.turn({
      start: turn.start,
      guard: makeGuard(turn.plan, around),
      ...(identity !== undefined && { identity }),
      threadId: turn.threadId,
      directory: turn.directory,
      tools: turn.tools.map(guardedTool),
      plainTools: [],
      policies,
      model: turn.model,
      stream: false,
      onError: () => {},
    })
    // An error cannot be sent to the other process; its text can.
    const { error, ...rest } = report
    parent.send({ kind: 'report', report: { ...rest, ...(error !== undefined && { error: String(error) }) } })
  })
}

type Ask = (
  question:
    | Omit<Extract<ToParent, { readonly kind: 'fetch' }>, 'id'>
    | Omit<Extract<ToParent, { readonly kind: 'store' }>, 'id'>,
) => Promise<unknown>

function connect() {
  if (process.send === undefined) throw new TestingError('serveAdapter: runs in a process that describeAdapter starts')
  const send = (message: ToParent) => void process.send?.(message)
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  let asked = 0
  const ask: Ask = (question) => {
    asked += 1
    const id = asked
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      send({ ...question, id } as ToParent)
    })
  }
  return {
    send,
    ask,
    onTurn(take: (turn: RemoteTurn) => Promise<void>) {
      process.on('message', (message: ToChild) => {
        if (message.kind === 'turn') return void take(message.turn)
        const { resolve, reject } = waiting.get(message.id) ?? {}
        waiting.delete(message.id)
        if (message.error === undefined) resolve?.(message.value)
        else reject?.(new TestingError(message.error))
      })
      send({ kind: 'ready' })
    },
  }
}

const fetchOf =
  (ask: Ask): Fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const { url, method } = request
    const answer = (await ask({
      kind: 'fetch',
      request: { url, method, headers: [...request.headers], body: await request.text() },
    })) as WireResponse
    const headers = new Headers(answer.headers.map(([name, value]): [string, string] => [name, value]))
    return new Response(answer.body === '' ? null : answer.body, { status: answer.status, headers })
  }

function storeOf(ask: Ask): Store {
  const method =
    (name: string) =>
    (...args: readonly unknown[]) =>
      ask({ kind: 'store', method: name, args })
  return {
    specificationVersion: 2,
    durable: true,
    now: method('now') as Store['now'],
    get: method('get') as Store['get'],
    put: method('put') as Store['put'],
    delete: method('delete') as Store['delete'],
    claimDue: method('claimDue') as Store['claimDue'],
    list: method('list') as Store['list'],
    increment: method('increment') as Store['increment'],
  }
}

async function verified(
  accessToken: string,
  { plan }: RemoteTurn,
  { fetch, clock }: { readonly fetch: Fetch; readonly clock: { now(): number } },
): Promise<UserIdentity> {
  const identity = await verifyAccessToken(accessToken, {
    authorizationServer: profileOf(plan),
    audience: AGENT_RESOURCE,
    fetch,
    clock,
  })
  if (identity.kind !== 'user') throw new TestingError('serveAdapter: the access token is not of a user')
  return identity
}
