const NANOS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['µs', 1000n],
  ['μs', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])
const SECOND = 1_000_000_000n
const LARGEST = 2n ** 63n

/** Seconds and the rest in nanoseconds, as protobuf writes times and durations. */
export interface Time {
  readonly seconds: bigint
  readonly nanos: number
}

/**
 * Parses a duration in Go's form: `1h30m`, `-1.5h`, `10ms`.
 * @returns `undefined` if the text is no duration, or too long for 64 bits of nanoseconds
 */
export function parseDuration(text: string): Time | undefined {
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (body === '0') return { seconds: 0n, nanos: 0 }
  let nanos = 0n
  let read = 0
  for (const found of body.matchAll(/(\d*)(?:\.(\d*))?([a-zµμ]+)/gy)) {
    const [piece, whole = '', part = '', name = ''] = found
    const unit = NANOS.get(name)
    if (unit === undefined || (whole === '' && part === '')) return undefined
    nanos += BigInt(whole || '0') * unit + (BigInt(part || '0') * unit) / 10n ** BigInt(part.length)
    read += piece.length
  }
  if (read === 0 || read !== body.length) return undefined
  if (nanos > LARGEST || (nanos === LARGEST && sign !== '-')) return undefined
  const total = sign === '-' ? -nanos : nanos
  return { seconds: total / SECOND, nanos: Number(total % SECOND) }
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

/**
 * Parses a timestamp of RFC 3339, with up to nine significant digits of a second.
 * @returns `undefined` if the text is no timestamp, or names a day that does not exist
 */
export function parseTimestamp(text: string): Time | undefined {
  const found = TIMESTAMP.exec(text)
  if (found === null) return undefined
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const [hours, minutes] = [Number(found[9] ?? 0), Number(found[10] ?? 0)]
  if (hours > 24 || minutes > 60) return undefined
  const offset = (hours * 60 + minutes) * 60 * (found[8] === '-' ? -1 : 1)
  return {
    seconds: BigInt(date.getTime() / 1000 - offset),
    nanos: Number((found[7] ?? '').slice(0, 9).padEnd(9, '0')),
  }
}
