import type { UserIdentity } from '../../base/contract/index.ts'
import { sha256 } from '../../base/values/index.ts'
import { type BrowserCookie, browserCookie } from '../../sign-in/browser.ts'
import type { AccountLinker, LinkedAccount } from '../account-linker.ts'

/** An account that was linked through the handler. */
export interface ConnectedAccount {
  /** User to whom the account was linked. */
  readonly identity: UserIdentity
  /** Account that was linked. */
  readonly account: LinkedAccount
}

/** Values that the parts of the handler share. */
export interface ConnectParts {
  readonly linker: AccountLinker
  readonly base: URL
  readonly onConnected: ((connected: ConnectedAccount) => void | Promise<void>) | undefined
}

/** Cookie of one connect flow. Each flow has its own, so that two tabs do not disturb each other. */
export const connectCookie = async (base: URL, state: string): Promise<BrowserCookie> =>
  browserCookie(base, `behalf-connect-${(await sha256(state)).slice(0, 16)}`)
