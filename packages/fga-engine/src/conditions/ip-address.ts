/** An address as a number, and how many bits it has. */
interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

const V4_IN_V6 = 0xffffn

/**
 * Returns one text for each address, so that equal addresses are equal texts: an IPv4 address inside IPv6 becomes the
 * IPv4 one.
 * @returns `undefined` if the text is no address
 */
export function canonicalIp(text: string): string | undefined {
  const address = parseIp(text)
  return address === undefined ? undefined : `${address.bits === 32 ? 'v4' : 'v6'}:${address.value.toString(16)}`
}

/**
 * Returns whether an address, as {@link canonicalIp} wrote it, is in a network.
 *
 * @returns `undefined` where the network is malformed
 */
export function isInCidr(canonical: string, cidr: string): boolean | undefined {
  const found = /^([^%/]+)\/(0|[1-9]\d{0,2})$/.exec(cidr)
  const mapped = found === null ? undefined : parseRaw(found[1] as string)
  if (found === null || mapped === undefined) return undefined
  let size = Number(found[2])
  if (size > mapped.bits) return undefined
  // The network is unmapped like addresses, if its prefix covers the mapping.
  const network = size >= 96 || mapped.bits === 32 ? unmap(mapped) : mapped
  if (network.bits !== mapped.bits) size -= 96
  const [family, value] = canonical.split(':') as [string, string]
  if ((family === 'v4') !== (network.bits === 32)) return false
  const shift = BigInt(network.bits - size)
  return BigInt(`0x${value}`) >> shift === network.value >> shift
}

function parseIp(text: string): Address | undefined {
  const [bare = '', zone] = text.split('%', 2)
  const address = parseRaw(bare)
  if (address === undefined || (zone !== undefined && (zone === '' || address.bits === 32))) return undefined
  return unmap(address)
}

function unmap(address: Address): Address {
  if (address.bits === 128 && address.value >> 32n === V4_IN_V6) {
    return { bits: 32, value: address.value & 0xffffffffn }
  }
  return address
}

function parseRaw(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text)
}

function parseV4(text: string): Address | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return { bits: 32, value }
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1] as string, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  let value = 0n
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) value = (value << 16n) | BigInt(group)
  return { bits: 128, value }
}

/** Groups of sixteen bits; at the end of the address, two of them may be written as IPv4. */
function groups(text: string, atEnd: boolean): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const found: number[] = []
  for (const [index, part] of parts.entries()) {
    const v4 = atEnd && index === parts.length - 1 && part.includes('.') ? parseV4(part) : undefined
    if (v4 !== undefined) found.push(Number(v4.value >> 16n), Number(v4.value & 0xffffn))
    else if (/^[0-9a-f]{1,4}$/i.test(part)) found.push(Number.parseInt(part, 16))
    else return undefined
  }
  return found
}
