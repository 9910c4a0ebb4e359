const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)
/** Maximum exponent: beyond it, the digits of a double have no meaning, and writing them takes time. */
const LARGEST_EXPONENT = 5000

/** A decimal number as a fraction of whole numbers. */
interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** @returns `undefined` where the text is no finite decimal number */
function parseDecimal(text: string): Fraction | undefined {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (found === null) return undefined
  const [, sign, whole = '', part = '', power = '0'] = found
  if (whole === '' && part === '') return undefined
  const exponent = Number(power) - part.length
  if (Math.abs(exponent) > LARGEST_EXPONENT) return undefined
  const digits = BigInt(`${whole}${part}`) * (sign === '-' ? -1n : 1n)
  return exponent >= 0
    ? { numerator: digits * 10n ** BigInt(exponent), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-exponent) }
}

/**
 * Parses a whole number from a JSON number or text. A number beyond 64 bits becomes the largest of 64 bits.
 * @returns `undefined` if it is not whole, or no number
 */
export function parseInteger(value: number | string): bigint | undefined {
  const fraction =
    typeof value === 'string'
      ? parseDecimal(value)
      : Number.isInteger(value)
        ? { numerator: BigInt(value), denominator: 1n }
        : undefined
  if (fraction === undefined || fraction.numerator % fraction.denominator !== 0n) return undefined
  const whole = fraction.numerator / fraction.denominator
  if (whole > INT64_MAX) return INT64_MAX
  return whole < INT64_MIN ? INT64_MIN : whole
}

/**
 * Parses a double from text. The server reads text with 64 bits of precision and refuses a number that a double cannot
 * represent: it accepts `'0.5'` and refuses `'0.1'`.
 * @returns `undefined` if it is no number, or none that a double can represent
 */
export function parseDouble(text: string): number | undefined {
  const infinite = /^([+-]?)[iI]nf$/.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const fraction = parseDecimal(text)
  if (fraction === undefined) return undefined
  const double = Number(text)
  if (!Number.isFinite(double)) return undefined
  if (double === 0) return fraction.numerator === 0n ? double : undefined
  return isWithinHalfUlp64(fraction, double) ? double : undefined
}

/** Returns whether the fraction, rounded to 64 bits of mantissa, is exactly this double. */
function isWithinHalfUlp64({ numerator, denominator }: Fraction, double: number): boolean {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, Math.abs(double))
  const bits = view.getBigUint64(0)
  const stored = Number(bits >> 52n)
  const mantissa = stored === 0 ? bits & (2n ** 52n - 1n) : (bits & (2n ** 52n - 1n)) | (2n ** 52n)
  const exponent = (stored === 0 ? 1 : stored) - 1075
  // |n/d - m*2^e| <= half of the last of 64 bits: 2^(e + length(m) - 65).
  const length = mantissa.toString(2).length
  const half = exponent + length - 65
  const scale = BigInt(-Math.min(half, exponent, 0))
  const up = (power: number) => 2n ** (BigInt(power) + scale)
  const magnitude = numerator < 0n ? -numerator : numerator
  const difference = magnitude * 2n ** scale - mantissa * up(exponent) * denominator
  return (difference < 0n ? -difference : difference) <= up(half) * denominator
}
