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
  const v4 = bitsOfV4(address)
  // A zone (`fe80::1%eth0`) is local to this machine.
  const v6 = v4 ?? bitsOfV6(address)
  if (v6 === undefined) return true
  const within = ([prefix, bits]: Prefix) => starts(v6, bitsOfV6(prefix), bits, 128)
  if (v4 !== undefined || HOLDS_V4.some(within)) {
    return SPECIAL_V4.some(([prefix, bits]) => starts(v6 & 0xffff_ffffn, bitsOfV4(prefix), bits, 32))
  }
  return !within(PUBLIC_V6) || SPECIAL_V6.some(within)
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
  return bitsOfV4(host) !== undefined && isSpecialUse(host)
}

function starts(value: bigint, prefix: bigint | undefined, bits: number, width: number): boolean {
  const shift = BigInt(width - bits)
  return prefix !== undefined && value >> shift === prefix >> shift
}

function bitsOfV4(text: string): bigint | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function bitsOfV6(text: string): bigint | undefined {
  if (!/^[\da-f:.]+$/i.test(text)) return undefined
  // The last 32 bits may be written as IPv4.
  const dotted = /^(.*:)([\d.]+)$/.exec(text)
  const last = dotted?.[2]?.includes('.') ? bitsOfV4(dotted[2]) : undefined
  const whole =
    last === undefined ? text : `${dotted?.[1]}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`
  const halves = whole.split('::')
  if (halves.length > 2) return undefined
  const [before = [], after = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const zeros = 8 - before.length - after.length
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}
