import type { UserIdentity } from '../../base/contract/index.ts'
import type { AccountLinker, LinkedAccount } from '../../rights/vault/account-linker.ts'

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

/** Printable ASCII without the backslash: a browser drops the other characters from a URL, or reads them as a slash. */
const plain = /^[!-[\]-~]+$/

/**
 * A place of the same origin to go back to, as path with query and fragment; `undefined` where it could lead elsewhere.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.11 | RFC 9700 §4.11}
 */
export function localPath(given: string, base: URL): string | undefined {
  if (!given.startsWith('/') || given.startsWith('//') || !plain.test(given)) return undefined
  if (!URL.canParse(given, base.origin)) return undefined
  const url = new URL(given, base.origin)
  if (url.origin !== base.origin || url.pathname.startsWith('//')) return undefined
  return `${url.pathname}${url.search}${url.hash}`
}
