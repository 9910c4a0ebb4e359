import { BlockList, isIP } from 'node:net'

/** Addresses that no public server has (IANA's special-purpose registries), and multicast. */
const special4 = [
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
] as const
const special6 = [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const

const blocked = new BlockList()
for (const [net, prefix] of special4) blocked.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of special6) blocked.addSubnet(net, prefix, 'ipv6')

/**
 * Whether an IP address is of special use: private, loopback, link-local (where clouds keep their metadata), or
 * an IPv4 address in an IPv6 form that reaches one.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6890 | RFC 6890}
 */
export function isSpecialUse(address: string): boolean {
  const version = isIP(address)
  if (version === 0) return true
  // An IPv4-mapped address is checked as the IPv4 address that it is.
  return blocked.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

/** The IP address that a URL's host is, where it is one. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? undefined : bare
}

/** Whether a URL stays on this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
