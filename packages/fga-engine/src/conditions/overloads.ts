/** A type of CEL: `int`, `list` of one, `map` of two. */
export interface CelTypeName {
  readonly name: string
  readonly of: readonly CelTypeName[]
}

/** Form `(takes) -> gives`. `A` and `B` are any type, the same one at each place. */
export interface Overload {
  readonly takes: readonly CelTypeName[]
  readonly gives: CelTypeName
}

const numbers = ['int', 'uint', 'double']
const ordered = ['bool', ...numbers, 'string', 'bytes', 'timestamp', 'duration']
const pairs = (types: readonly string[], gives?: string) => types.map((type) => `${type},${type}->${gives ?? type}`)
const one = (types: string, gives: string) => types.split(' ').map((type) => `${type}->${gives}`)
const compared = pairs(ordered, 'bool')
const sizes = one('string bytes list<A> map<A;B>', 'int')
const texts = ['string,string->bool']
const ofDay = [...one('timestamp', 'int'), 'timestamp,string->int']
const ofTime = [...ofDay, 'duration->int']

/**
 * Functions of CEL's standard library that OpenFGA supports, and OpenFGA's addresses. A method begins with a dot.
 * @see {@link https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions | CEL}
 */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  '!_': ['bool->bool'],
  '-_': one('int', 'int').concat('double->double'),
  '_+_': [
    ...pairs([...numbers, 'string', 'bytes', 'duration', 'list<A>']),
    ...['timestamp,duration->timestamp', 'duration,timestamp->timestamp'],
  ],
  '_-_': [...pairs([...numbers, 'duration']), ...['timestamp,timestamp->duration', 'timestamp,duration->timestamp']],
  '_*_': pairs(numbers),
  '_/_': pairs(numbers),
  '_%_': pairs(['int', 'uint']),
  '_&&_': pairs(['bool']),
  '_||_': pairs(['bool']),
  '@not_strictly_false': ['bool->bool'],
  '_==_': ['A,A->bool'],
  '_!=_': ['A,A->bool'],
  '_<_': compared,
  '_<=_': compared,
  '_>_': compared,
  '_>=_': compared,
  '_?_:_': ['bool,A,A->A'],
  '_[_]': ['list<A>,int->A', 'map<A;B>,A->B'],
  '@in': ['A,list<A>->bool', 'A,map<A;B>->bool'],
  size: sizes,
  '.size': sizes,
  int: one('int uint double string timestamp duration', 'int'),
  uint: one('uint int double string', 'uint'),
  double: one('double int uint string', 'double'),
  string: one('string int uint double bool bytes timestamp duration', 'string'),
  bytes: one('bytes string', 'bytes'),
  bool: one('bool string', 'bool'),
  timestamp: one('timestamp string int', 'timestamp'),
  duration: one('duration string', 'duration'),
  dyn: ['A->dyn'],
  type: ['A->type'],
  matches: texts,
  '.matches': texts,
  '.startsWith': texts,
  '.endsWith': texts,
  '.contains': texts,
  ipaddress: ['string->ipaddress'],
  '.in_cidr': ['ipaddress,string->bool'],
  ...Object.fromEntries(
    ['FullYear', 'Month', 'DayOfMonth', 'Date', 'DayOfYear', 'DayOfWeek'].map((part) => [`.get${part}`, ofDay]),
  ),
  ...Object.fromEntries(['Hours', 'Minutes', 'Seconds', 'Milliseconds'].map((part) => [`.get${part}`, ofTime])),
}

export const OVERLOADS: ReadonlyMap<string, readonly Overload[]> = new Map(
  Object.entries(SIGNATURES).map(([name, signatures]) => [name, signatures.map(overloadOf)]),
)

function overloadOf(signature: string): Overload {
  const [takes = '', gives = ''] = signature.split('->')
  return { takes: takes.split(',').map(typeOf), gives: typeOf(gives) }
}

/** `map<A;B>` */
function typeOf(text: string): CelTypeName {
  const [, name = '', of] = /^(\w+)(?:<(.+)>)?$/.exec(text) ?? []
  return { name, of: of === undefined ? [] : of.split(';').map(typeOf) }
}
