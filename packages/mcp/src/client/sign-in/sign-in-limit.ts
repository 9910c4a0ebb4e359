import type { SealedStore, SealedValue } from '@behalf/core/sealed-store'
import { changeValue } from '../session/change-value.ts'
import { BegunSignIns } from '../session/wire.ts'
import { SignInError } from './sign-in-error.ts'

/** Maximum number of sign-ins at one server, within the window, that bring the agent no new scope. */
const MAX_FRUITLESS = 3
/**
 * Maximum number of sign-ins within the window, whatever they bring: a hostile authorization server can grant new
 * scopes without end.
 */
const MAX_SIGN_INS = 20
const WINDOW_SECONDS = 10 * 60

/**
 * Counts an owner's sign-ins at one server, by all agents and in all processes: no server may annoy a user without end
 * (A14).
 */
export class SignInLimit {
  readonly #store: SealedStore
  readonly #name: readonly string[]

  constructor(store: SealedStore, owner: string, server: string) {
    this.#store = store
    this.#name = ['sign-ins', owner, server]
  }

  /** Counts one more sign-in before it is shown. @throws SignInError `too_many` */
  async count(): Promise<void> {
    const now = Date.now()
    const isRecent = (at: number) => now - at < WINDOW_SECONDS * 1000
    await this.#change(({ at, all = at, ...rest }) => {
      const [fruitless, recent] = [at.filter(isRecent), all.filter(isRecent)]
      if (fruitless.length >= MAX_FRUITLESS || recent.length >= MAX_SIGN_INS) throw tooMany(recent.length)
      return { ...rest, at: [...fruitless, now], all: [...recent, now] }
    })
  }

  /** Records the scopes that a sign-in brought. Restarts the count if one of them is new to the agent. */
  async gained(agent: string, scopes: readonly string[]): Promise<void> {
    await this.#change(({ at, all = at, gained = [] }) => {
      const ours = scopes.map((scope) => JSON.stringify([agent, scope]))
      const isNew = ours.some((one) => !gained.includes(one))
      return { at: isNew ? [] : at, all, gained: [...new Set([...gained, ...ours])] }
    })
  }

  /** Restarts the count after a sign-out, and forgets the known scopes. */
  signedOut(): Promise<void> {
    return this.#change(({ at, all = at }) => ({ at: [], all }))
  }

  async #change(change: (kept: BegunSignIns) => BegunSignIns): Promise<void> {
    const changed = (found: SealedValue | undefined) => change(BegunSignIns.safeParse(found?.value).data ?? { at: [] })
    await changeValue(this.#store, this.#name, changed, WINDOW_SECONDS)
  }
}

function tooMany(recent: number): SignInError {
  const within = `in ${WINDOW_SECONDS / 60} minutes`
  const often =
    recent < MAX_SIGN_INS
      ? `${MAX_FRUITLESS} sign-ins ${within} that brought no new scope`
      : `${recent} sign-ins ${within}`
  const remedy = 'wait until they are over, and check what the server refuses in the tokens'
  return new SignInError('too_many', `the server asked this owner for ${often}, and no other is shown: ${remedy}`)
}
