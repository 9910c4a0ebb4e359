import { allowInsecureLoopback, type DeviceAuthorization, type Profile } from '../authorization-server/index.ts'
import { InvalidResponseError } from '../errors/index.ts'
import { isLoopback } from '../lib/index.ts'

/** What the person has to be shown: the address and the code, both. */
export interface DevicePrompt {
  readonly userCode: string
  readonly verificationUri: string
  /** With the code in it, for a QR code or a link. Show the code all the same: it is compared (RFC 8628 §3.3.1). */
  readonly verificationUriComplete?: string
  /** Epoch seconds. */
  readonly expiresAt: number
  /** How the login will be kept. Tell the person where it is `unsealed`: who reads the file has the login. */
  readonly keeps: 'sealed' | 'unsealed'
  /** Where it will be kept. */
  readonly path: string
}

/** As terminals show it, whatever the server sends: no escape sequence, no line break. */
const printable = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/

/** @throws InvalidResponseError What the server sent is not fit to be shown or opened. */
export function promptOf(
  authorization: DeviceAuthorization,
  profile: Profile,
  shown: Pick<DevicePrompt, 'keeps' | 'path'> & { readonly now: number },
): DevicePrompt {
  const { userCode, verificationUri, verificationUriComplete, expiresIn } = authorization
  if (!printable.test(userCode)) throw new InvalidResponseError('the server sent a user code that cannot be shown')
  const { now, ...kept } = shown
  return {
    userCode,
    verificationUri: addressOf(verificationUri, profile),
    ...(verificationUriComplete !== undefined && {
      verificationUriComplete: addressOf(verificationUriComplete, profile),
    }),
    expiresAt: now + expiresIn,
    ...kept,
  }
}

/** A link that somebody clicks, or a program opens: a web address, encrypted, and nothing else. */
function addressOf(text: string, profile: Profile): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = url?.protocol === 'http:' && isLoopback(url) && profile[allowInsecureLoopback] === true
  if (url === undefined || !(url.protocol === 'https:' || isLocal)) {
    throw new InvalidResponseError('the server sent a verification address that is not https')
  }
  return url.href
}
