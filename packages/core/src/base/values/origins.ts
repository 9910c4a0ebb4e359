import { ConfigurationError } from '../errors/index.ts'

type Prefix = readonly [address: string, bits: number]

/** Addresses that IANA's IPv4 registry reserves for special use, and multicast. */
const SPECIAL_V4: readonly Prefix[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Public range of IPv6: every address outside it is of special use. */
const PUBLIC_V6: Prefix = ['2000::', 3]
const SPECIAL_V6: readonly Prefix[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4: contains an IPv4 address, and its relays no longer exist.
  ['2002::', 16],
  ['3fff::', 20],
]
/**
 * IPv4-mapped addresses, and addresses that DNS64 makes for a server with IPv4 only: they are as public as the IPv4
 * address in them.
 */
const HOLDS_V4: readonly Prefix[] = [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
]

/**
 * Returns whether a text is an IP address of special use: this machine, a private network, link-local (where clouds
 * keep their metadata), multicast, documentation. An IPv6 form of an IPv4 address is judged by that address. A text
 * that is no IP address does not count as public.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6890 | RFC 6890}
 */
export function isSpecialUse(address: string): boolean {
  const bits = bitsOf(address)
  // A zone (`fe80::1%eth0`) is local to this machine.
  if (bits === undefined) return true
  if (!HOLDS_V4.some(holds(bits))) return !holds(bits)(PUBLIC_V6) || SPECIAL_V6.some(holds(bits))
  const mapped = 0xffff_0000_0000n | (bits & 0xffff_ffffn)
  return SPECIAL_V4.some(([prefix, length]) => holds(mapped)([prefix, 96 + length]))
}

/**
 * Returns whether the host of a URL is written as a special-use address: such an IP address, or a `localhost` name (RFC
 * 6761 §6.3). A name that only resolves to such an address is not detected.
 */
export function namesSpecialUse({ hostname }: URL): boolean {
  const host = hostname.replace(/\.$/, '')
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  // The URL parser has converted every other spelling (0x7f.1, 2130706433, full-width digits) to these.
  if (host.startsWith('[')) return isSpecialUse(host.slice(1, -1))
  return isV4.test(host) && isSpecialUse(host)
}

const isV4 = /^[\d.]+$/

const holds =
  (bits: bigint) =>
  ([prefix, length]: Prefix): boolean => {
    const shift = BigInt(128 - length)
    return bits >> shift === (bitsOf(prefix) ?? 0n) >> shift
  }

/** Returns the bits of an IPv6 address, or of an IPv4 address as one. */
function bitsOf(text: string): bigint | undefined {
  const url = `http://[${isV4.test(text) ? '::ffff:' : ''}${text}]`
  if (!/^[\da-f:.]+$/i.test(text) || !URL.canParse(url)) return undefined
  // The URL parser has written each group in hexadecimal digits, also of an IPv4 address at the end.
  const halves = new URL(url).hostname.slice(1, -1).split('::')
  const [before = [], after = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Returns whether a URL stays on this machine, so that no other machine can read plain `http:`. */
export function isLoopback(url: URL): boolean {
  return loopback.test(url.hostname)
}

/**
 * Checks a list of at least one exact origin, `https:` or loopback `http:`, without duplicates. Returns a frozen copy.
 */
export function originList(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigurationError(
      option,
      'name at least one origin that may see the token, such as https://api.example.com',
    )
  }
  const list: unknown[] = [...value]
  list.forEach((origin: unknown, index) => {
    const at = `${option}[${index}]`
    const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined
    // The exact spelling: each request is compared with the text of the policy.
    if (url === undefined || url.origin !== origin || origin.includes('*')) {
      throw new ConfigurationError(
        at,
        'is not an exact origin: write scheme, host and port only (https://api.example.com)',
      )
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
      throw new ConfigurationError(at, 'is not https: a token would travel in the clear; http is for loopback only')
    }
    if (list.indexOf(origin) !== index) throw new ConfigurationError(at, 'names an origin twice')
  })
  return Object.freeze(list as string[])
}
