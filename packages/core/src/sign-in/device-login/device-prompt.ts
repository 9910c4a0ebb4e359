import { InvalidResponseError } from '../../base/errors/index.ts'
import { isLoopback } from '../../base/values/index.ts'
import type { DeviceAuthorization } from '../../oauth/server.ts'

/** Address and code to show to the person. Show both. */
export interface DeviceCode {
  /** Code that the person types at `verificationUri`. */
  readonly userCode: string
  /** Address of the page that the person opens. */
  readonly verificationUri: string
  /**
   * Address that contains the code, for a QR code or a link. Show the code too: the person compares it (RFC 8628
   * §3.3.1).
   */
  readonly verificationUriComplete?: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** Address and code, and the form in which the login is stored. */
export interface DevicePrompt extends DeviceCode {
  /**
   * Form in which the login will be stored. If it is `unsealed`, tell the person: anyone who reads the file has the
   * login.
   */
  readonly keeps: 'sealed' | 'unsealed'
  /** Path at which the login will be stored. */
  readonly path: string
}

/**
 * Groups of letters and digits with dashes between them, 20 characters at most: no escape sequence, and neither a
 * sentence nor an address that a person could follow.
 */
const plainCode = /^(?=.{1,20}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/

/** Rules for what may be shown. */
export interface ShowRules {
  /** Epoch seconds. */
  readonly now: number
  /** The server may be on this machine, over plain http. */
  readonly allowLoopback: boolean
}

/** @throws InvalidResponseError The server's answer is unsafe to show or open. */
export function codeOf(authorization: DeviceAuthorization, { now, allowLoopback }: ShowRules): DeviceCode {
  const { userCode, verificationUri, verificationUriComplete: complete, expiresIn } = authorization
  if (!plainCode.test(userCode)) {
    throw new InvalidResponseError(
      'the server sent a user code that cannot be shown: a code is up to 20 letters, digits and single dashes',
    )
  }
  return {
    userCode,
    verificationUri: addressOf(verificationUri, allowLoopback),
    ...(complete !== undefined && { verificationUriComplete: addressOf(complete, allowLoopback) }),
    expiresAt: now + expiresIn,
  }
}

/** Checks a link that a person clicks or a program opens: `https:` only, or `http:` to loopback where allowed. */
function addressOf(text: string, allowLoopback: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = allowLoopback && url?.protocol === 'http:' && isLoopback(url)
  if (url === undefined || !(url.protocol === 'https:' || isLocal)) {
    throw new InvalidResponseError('the server sent a verification address that is not https')
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidResponseError('the server sent a verification address with user information')
  }
  return url.href
}
