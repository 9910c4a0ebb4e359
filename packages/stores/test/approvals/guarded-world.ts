import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGuard, type Guard, policy, type Store } from '@behalf/core'
import type { ApprovalChannel } from '@behalf/core/channels'
import * as z from 'zod'
import { HASTENED_BY } from '../hastened-store.ts'
import { profile, verifiedUser } from './verified-user.ts'

export const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const

/** A lease of a store that is `hastened`, in milliseconds. */
export const LEASE_MS = 60_000 / HASTENED_BY

export const pay = policy(z.strictObject({ amount: z.number() }), {
  version: '1',
  approval: {
    message: ({ input }) => `Pay ${input.amount}`,
    // An approver for each amount: a person gets at most twenty questions a minute (A8).
    approver: ({ input, identity }) => ({ issuer: identity.issuer, subject: `approver-${input.amount}` }),
  },
})

/** `lost`: asked although the person had said yes. */
type Event = 'asked' | 'approved' | 'lost' | 'ran'

/** Passed between processes: what was done, line by line, where every process sees it. */
export function journal(directory: string) {
  const path = (name: string) => join(directory, name)
  return {
    note: (name: Event, line: string) => appendFileSync(path(name), `${line}\n`),
    count: (name: Event, line: string) =>
      existsSync(path(name))
        ? readFileSync(path(name), 'utf8')
            .split('\n')
            .filter((one) => one === line).length
        : 0,
  }
}

type Tap = (isWrite: boolean, next: () => Promise<unknown>) => Promise<unknown>

/** A guard on a shared store, whose person says yes at the first look, unless `hasAnswered` tells another time. */
export function guardOn(
  shared: Store,
  directory: string,
  tap: Tap = (_, next) => next(),
  hasAnswered: () => boolean = () => true,
): Guard {
  const { note, count } = journal(directory)
  const channel: ApprovalChannel = {
    specificationVersion: 2,
    ask: async ({ message }) => {
      note('asked', message)
      if (count('approved', message) > 0) note('lost', message)
      return { state: { message }, interval: 0.01 }
    },
    poll: async ({ state }) => {
      if (!hasAnswered()) return { status: 'pending' }
      note('approved', String(state.message))
      return { status: 'approved' }
    },
  }
  const read = <Result>(next: () => Promise<Result>) => tap(false, next) as Promise<Result>
  const write = <Result>(next: () => Promise<Result>) => tap(true, next) as Promise<Result>
  const store: Store = {
    specificationVersion: 2,
    durable: true,
    now: () => read(() => shared.now()),
    get: (key) => read(() => shared.get(key)),
    list: (index, options) => read(() => shared.list(index, options)),
    put: (key, value, options) => write(() => shared.put(key, value, options)),
    delete: (key, options) => write(() => shared.delete(key, options)),
    claimDue: (queue, options) => write(() => shared.claimDue(queue, options)),
    increment: (key, options) => write(() => shared.increment(key, options)),
  }
  return createGuard({
    authorizationServer: profile,
    agent: { name: 'agent:payer' },
    approvals: channel,
    store,
    keys,
  })
}

/** Takes a call to its end, as an app does that comes back. */
export async function live(guard: Guard, amount: number, body: () => unknown, slot = `pay-${amount}`) {
  const identity = await verifiedUser()
  for (let tries = 0; tries < 100; tries++) {
    const outcome = await guard.run(pay, { tool: 'pay', slot, input: { amount }, identity }, body)
    if (outcome.status === 'done' || outcome.status === 'denied') return outcome
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the slot is stuck')
}
