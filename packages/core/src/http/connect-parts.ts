import type { UserIdentity } from '../contract/index.ts'
import type { AccountLinker, LinkedAccount } from '../vault/index.ts'

/** An account that was linked through the handler. */
export interface ConnectedAccount {
  readonly identity: UserIdentity
  readonly account: LinkedAccount
}

/** What the parts of the handler share. */
export interface ConnectParts {
  readonly linker: AccountLinker
  readonly base: URL
  readonly onConnected: ((connected: ConnectedAccount) => void | Promise<void>) | undefined
}
