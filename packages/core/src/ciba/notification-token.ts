import { equalSecrets, randomSecret, sha256 } from '../base/values/index.ts'

const SEPARATOR = '.'

/** A notification token, and its stored digest. */
export interface NotificationToken {
  /** Token that is sent as `client_notification_token`. With it, the server authenticates its pings. */
  readonly token: string
  readonly digest: string
}

/**
 * Makes a token for one request. It names the approval, so that a ping finds its record without an index. Its 256
 * random bits make it hard to guess, and the record stores their digest.
 */
export async function newNotificationToken(approvalId: string): Promise<NotificationToken> {
  const token = `${approvalId}${SEPARATOR}${randomSecret()}`
  return { token, digest: await sha256(token) }
}

/** Returns the approval that a token claims. Does not check that the token is valid. */
export function approvalOf(token: string): string | undefined {
  const at = token.lastIndexOf(SEPARATOR)
  return at > 0 ? token.slice(0, at) : undefined
}

/** Compares a token with its digest, in a time that does not depend on where they differ. */
export async function isNotificationToken(token: string, digest: string): Promise<boolean> {
  return equalSecrets(await sha256(token), digest)
}
