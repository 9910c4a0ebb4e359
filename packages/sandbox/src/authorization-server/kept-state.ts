import type { MockUser } from '@behalf/testing'
import { type LinkedAccount, makePrivateKey, type Pace } from '@behalf/testing/authorization-server'
import type { JWK } from 'jose'
import type { ServerStorage } from '../data/index.ts'
import type { ServerContext, ServerState } from './server-context.ts'

const STATE = 'state'
const KEY = 'key'

interface Kept {
  readonly users: readonly MockUser[]
  readonly paces: readonly (readonly [string, Pace])[]
  readonly linkedAccounts: readonly (readonly [string, readonly LinkedAccount[]])[]
  readonly grantsByTokenId: readonly (readonly [string, string])[]
  readonly redeemed: readonly string[]
}

export function initialState(users: readonly MockUser[]): ServerState {
  return {
    users: new Map(users.map((user) => [user.subject, user])),
    signedIn: undefined,
    paces: new Map(),
    linkedAccounts: new Map(),
    grantsByTokenId: new Map(),
    redeemed: new Set(),
    answered: new Set(),
  }
}

/** Returns the state of an earlier run from the shelf. It does not include the user whom a control signed in. */
export function keptState(users: readonly MockUser[], shelf: ServerStorage | undefined): ServerState {
  const state = initialState(users)
  const kept = shelf?.read(STATE) as Kept | undefined
  if (kept === undefined) return state
  for (const user of kept.users) state.users.set(user.subject, user)
  for (const [id, pace] of kept.paces) state.paces.set(id, pace)
  for (const [subject, accounts] of kept.linkedAccounts) state.linkedAccounts.set(subject, accounts)
  for (const [id, grant] of kept.grantsByTokenId) state.grantsByTokenId.set(id, grant)
  for (const id of kept.redeemed) state.redeemed.add(id)
  return state
}

/** Saves the state before an answer is sent: the answer must also be true after a restart. */
export function keepState({ parts, state }: Pick<ServerContext, 'parts' | 'state'>): void {
  parts?.shelf?.write(STATE, {
    users: [...state.users.values()],
    paces: [...state.paces],
    linkedAccounts: [...state.linkedAccounts],
    grantsByTokenId: [...state.grantsByTokenId],
    redeemed: [...state.redeemed],
  } satisfies Kept)
}

/** Returns the signing key of the earlier run, so that its tokens stay valid; else a new key. */
export async function keptKey(shelf: ServerStorage | undefined, algorithm: 'RS256' | 'ES256'): Promise<JWK> {
  const kept = shelf?.read(KEY) as JWK | undefined
  if (kept?.alg === algorithm) return kept
  const key = await makePrivateKey(algorithm)
  shelf?.write(KEY, key)
  return key
}
