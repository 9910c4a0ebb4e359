import type { ConditionDefinition, ParameterType } from '../model/index.ts'
import type { Cel } from './load-cel.ts'
import { type CelTypeName, OVERLOADS } from './overloads.ts'

type Expr = NonNullable<ReturnType<Cel['cel']['parse']>['expr']>
type Comprehension = Extract<Expr['exprKind'], { case: 'comprehensionExpr' }>['value']
type Scope = ReadonlyMap<string, CelTypeName>

const plain = (name: string, ...of: readonly CelTypeName[]): CelTypeName => ({ name, of })
const DYN = plain('dyn')
const BOOL = plain('bool')
const CONSTANTS: Readonly<Record<string, string>> = {
  nullValue: 'null',
  boolValue: 'bool',
  int64Value: 'int',
  uint64Value: 'uint',
  doubleValue: 'double',
  stringValue: 'string',
  bytesValue: 'bytes',
}
/** Names of types, which are values too. */
const TYPES = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type']
/** Types that may be null, although other types may not. */
const NULLABLE = ['timestamp', 'duration', 'ipaddress']

/**
 * Checks the types of a condition's expression, as a server does when a model is written.
 * @throws Error Names the problem: an unknown name, types that no function takes, a result that is no bool.
 */
export function checkTypes(expr: Expr, { parameters = {} }: ConditionDefinition): void {
  const scope = new Map(Object.entries(parameters).map(([name, type]) => [name, parameterType(type)]))
  const answer = typeIn(scope, expr)
  if (answer.name !== 'bool') throw new Error(`the expression must be a bool, and is of type ${textOf(answer)}`)
}

function parameterType({ type_name: name, generic_types: generic = [] }: ParameterType): CelTypeName {
  const of = generic.map(parameterType)
  const lower = name.replace('TYPE_NAME_', '').toLowerCase()
  return lower === 'map' ? plain('map', plain('string'), ...of) : plain(lower, ...of)
}

function typeIn(scope: Scope, expr: Expr): CelTypeName {
  const { case: kind, value } = expr.exprKind
  switch (kind) {
    case 'constExpr':
      return plain(CONSTANTS[value.constantKind.case ?? ''] ?? 'dyn')
    case 'identExpr':
      return named(scope, value.name)
    case 'selectExpr': {
      const field = fieldOf(scope, value.operand as Expr, value.field)
      return value.testOnly ? BOOL : field
    }
    case 'callExpr': {
      const taken = [...(value.target === undefined ? [] : [value.target]), ...value.args]
      const name = value.target === undefined ? value.function : `.${value.function}`
      return called(
        name,
        taken.map((one) => typeIn(scope, one)),
      )
    }
    case 'listExpr':
      return plain('list', common(value.elements.map((one) => typeIn(scope, one))))
    case 'structExpr': {
      const values = value.entries.map((entry) => typeIn(scope, entry.value as Expr))
      if (value.messageName !== '') return messageType(value.messageName)
      const keys = value.entries.flatMap(({ keyKind }) => (keyKind.case === 'mapKey' ? [keyKind.value] : []))
      return plain('map', common(keys.map((one) => typeIn(scope, one))), common(values))
    }
    case 'comprehensionExpr':
      return comprehended(scope, value)
    default:
      return DYN
  }
}

function named(scope: Scope, name: string): CelTypeName {
  const type = scope.get(name)
  if (type !== undefined) return type
  if (TYPES.includes(name)) return plain('type')
  throw new Error(`undeclared reference to ${JSON.stringify(name)}`)
}

function messageType(name: string): CelTypeName {
  const known = /^\.?google\.protobuf\.(Timestamp|Duration)$/.exec(name)?.[1]
  if (known !== undefined) return plain(known.toLowerCase())
  // Wrappers, structs and values have the types of their content.
  if (/^\.?google\.protobuf\.(?:Any|Struct|\w*Value)$/.test(name)) return DYN
  throw new Error(`undeclared reference to ${JSON.stringify(name)}`)
}

function fieldOf(scope: Scope, operand: Expr, field: string): CelTypeName {
  if (/^google\.protobuf\.\w+$/.test(`${pathOf(operand)}.${field}`)) return plain('type')
  const type = typeIn(scope, operand)
  if (type.name === 'map') return type.of[1] ?? DYN
  if (isOpen(type)) return DYN
  throw new Error(`type ${textOf(type)} has no fields, and ${JSON.stringify(field)} is asked of it`)
}

function pathOf({ exprKind: { case: kind, value } }: Expr): string {
  if (kind === 'identExpr') return value.name
  return kind === 'selectExpr' ? `${pathOf(value.operand as Expr)}.${value.field}` : ''
}

function called(name: string, taken: readonly CelTypeName[]): CelTypeName {
  const overloads = OVERLOADS.get(name)
  if (overloads === undefined) throw new Error(`undeclared reference to ${JSON.stringify(name.replace('.', ''))}`)
  const gives: CelTypeName[] = []
  for (const overload of overloads) {
    const bound = new Map<string, CelTypeName>()
    const fits =
      overload.takes.length === taken.length &&
      overload.takes.every((formal, index) => accepts(formal, taken[index] as CelTypeName, bound))
    if (fits) gives.push(resolved(overload.gives, bound))
  }
  if (gives.length === 0)
    throw new Error(`no matching overload for ${name} applied to (${taken.map(textOf).join(', ')})`)
  return common(gives)
}

function accepts(formal: CelTypeName, actual: CelTypeName, bound: Map<string, CelTypeName>): boolean {
  if (formal.name === 'A' || formal.name === 'B') {
    const before = bound.get(formal.name)
    if (before === undefined) bound.set(formal.name, actual)
    return before === undefined || alike(before, actual)
  }
  if (isOpen(formal) || isOpen(actual)) return true
  if (formal.name !== actual.name) return actual.name === 'null' && NULLABLE.includes(formal.name)
  return formal.of.every((part, index) => accepts(part, actual.of[index] ?? DYN, bound))
}

function alike(left: CelTypeName, right: CelTypeName): boolean {
  if (isOpen(left) || isOpen(right)) return true
  if (left.name === 'null') return right.name === 'null' || NULLABLE.includes(right.name)
  if (right.name === 'null') return NULLABLE.includes(left.name)
  return left.name === right.name && left.of.every((part, index) => alike(part, right.of[index] ?? DYN))
}

/** Returns whether a type is known only at evaluation. */
const isOpen = ({ name }: CelTypeName): boolean => name === 'dyn' || name === 'any'

function resolved(type: CelTypeName, bound: ReadonlyMap<string, CelTypeName>): CelTypeName {
  if (type.name === 'A' || type.name === 'B') return bound.get(type.name) ?? DYN
  return plain(type.name, ...type.of.map((part) => resolved(part, bound)))
}

/** Returns one type for several: their own if they are the same. */
function common(types: readonly CelTypeName[]): CelTypeName {
  const [first = DYN] = types
  return types.every((type) => textOf(type) === textOf(first)) ? first : DYN
}

/** Checks `all`, `exists`, `map` and `filter`, in the form in which the parser expands them. */
function comprehended(scope: Scope, loop: Comprehension): CelTypeName {
  const range = typeIn(scope, loop.iterRange as Expr)
  if (!['list', 'map', 'dyn'].includes(range.name)) throw new Error(`type ${textOf(range)} is no list or map`)
  const result = typeIn(scope, loop.accuInit as Expr)
  const inner = new Map([...scope, [loop.iterVar, range.of[0] ?? DYN], [loop.accuVar, result]])
  if (!alike(typeIn(inner, loop.loopCondition as Expr), BOOL)) throw new Error('a loop needs a bool')
  if (!alike(typeIn(inner, loop.loopStep as Expr), result)) throw new Error('a loop changes its type')
  return typeIn(new Map([...scope, [loop.accuVar, result]]), loop.result as Expr)
}

function textOf({ name, of }: CelTypeName): string {
  return of.length === 0 ? name : `${name}(${of.map(textOf).join(', ')})`
}
