import type { CelInput } from '@bufbuild/cel'
import type { ParameterType } from '../model/index.ts'
import { canonicalIp } from './ip-address.ts'
import type { Cel } from './load-cel.ts'
import { parseDouble, parseInteger } from './parse-number.ts'
import { parseDuration, parseTimestamp } from './parse-time.ts'

/** Converts JSON of a context to a value of the parameter's type. Throws an Error that names the expected type. */
export type Convert = (value: unknown) => CelInput

/**
 * The conversions of OpenFGA: texts become times, durations and addresses, numbers may be written as text, and
 * nothing else is coerced.
 *
 * @throws Error The type does not exist, or lacks the type of its items.
 */
export function converterOf(type: ParameterType, cel: Cel): Convert {
  const generic = type.generic_types ?? []
  const container = type.type_name === 'TYPE_NAME_LIST' || type.type_name === 'TYPE_NAME_MAP'
  if (generic.length !== (container ? 1 : 0)) {
    throw new Error(`${type.type_name} takes ${container ? 'one generic type' : 'no generic types'}`)
  }
  if (container) {
    const item = converterOf(generic[0] as ParameterType, cel)
    return type.type_name === 'TYPE_NAME_LIST' ? (value) => list(value, item) : (value) => map(value, item)
  }
  const convert = scalars(cel)[type.type_name]
  if (convert === undefined) throw new Error(`no parameter type ${JSON.stringify(type.type_name)}`)
  return convert
}

function scalars({ cel, protobuf, wellKnown }: Cel): Readonly<Record<string, Convert>> {
  return {
    TYPE_NAME_ANY: (value) => value as CelInput,
    TYPE_NAME_BOOL: (value) => (typeof value === 'boolean' ? value : refuse('a bool', value)),
    TYPE_NAME_STRING: (value) => (typeof value === 'string' ? value : refuse('a string', value)),
    TYPE_NAME_INT: (value) => integer(value) ?? refuse('an int', value),
    TYPE_NAME_UINT: (value) => {
      const whole = integer(value)
      return whole === undefined || whole < 0n ? refuse('a uint', value) : cel.celUint(whole)
    },
    TYPE_NAME_DOUBLE: (value) =>
      (typeof value === 'number' ? value : typeof value === 'string' ? parseDouble(value) : undefined) ??
      refuse('a double', value),
    TYPE_NAME_DURATION: (value) => {
      const time = typeof value === 'string' ? parseDuration(value) : undefined
      return time === undefined ? refuse('a duration', value) : protobuf.create(wellKnown.DurationSchema, time)
    },
    TYPE_NAME_TIMESTAMP: (value) => {
      const time = typeof value === 'string' ? parseTimestamp(value) : undefined
      if (time === undefined) return refuse('a timestamp of RFC 3339', value)
      return protobuf.create(wellKnown.TimestampSchema, time)
    },
    TYPE_NAME_IPADDRESS: (value) =>
      (typeof value === 'string' ? canonicalIp(value) : undefined) ?? refuse('an IP address', value),
  }
}

function integer(value: unknown): bigint | undefined {
  return typeof value === 'number' || typeof value === 'string' ? parseInteger(value) : undefined
}

function list(value: unknown, item: Convert): CelInput {
  return Array.isArray(value) ? value.map(item) : refuse('a list', value)
}

function map(value: unknown, item: Convert): CelInput {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('a map', value)
  return new Map(Object.entries(value).map(([key, inner]) => [key, item(inner)]))
}

/** Names the type and not the value: a context may contain values that must not be logged. */
function refuse(expected: string, value: unknown): never {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
  throw new Error(`expected ${expected}, but found ${found}${typeof value === 'string' ? ' of another form' : ''}`)
}
