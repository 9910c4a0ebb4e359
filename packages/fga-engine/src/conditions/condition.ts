import { ConfigurationError } from '@behalf/core'
import type { CelInput } from '@bufbuild/cel'
import { invalid } from '../errors/index.ts'
import type { ConditionDefinition } from '../model/index.ts'
import { checkTypes } from './check-types.ts'
import { type Convert, converterOf } from './convert-parameter.ts'
import { canonicalIp, isInCidr } from './ip-address.ts'
import type { Cel } from './load-cel.ts'

type Context = Readonly<Record<string, unknown>>

/** Context of one request, with the parameters that were converted already. */
export interface RequestContext {
  readonly fields: Context
  readonly converted: Map<Condition, Map<string, CelInput>>
}

/** A condition of a model, ready to be evaluated. */
export interface Condition {
  readonly name: string
  readonly expression: string
  /** Names of its parameters. */
  readonly parameters: readonly string[]
  /**
   * Reads the context that a tuple carries.
   * @throws Error A field has the wrong type, or is no parameter.
   */
  castTuple(context: Context): ReadonlyMap<string, CelInput>
  /**
   * Returns whether the condition holds. Fields of the tuple win over those of the request.
   * @throws FgaError A parameter is missing or has the wrong type, or the expression fails.
   */
  holds(tuple: Context, request: RequestContext, tupleText: string): boolean
}

/**
 * Compiles a condition's expression and the types of its parameters.
 *
 * Does not limit the cost of the expression; a server does.
 *
 * @throws ConfigurationError The expression does not parse, its types do not fit or it is no bool, or a parameter's
 *   type does not exist. `cause` says which.
 */
export function compileCondition(name: string, definition: ConditionDefinition, peers: Cel): Condition {
  const { cel } = peers
  let evaluate: (bindings: Record<string, CelInput>) => unknown
  const converters = new Map<string, Convert>()
  try {
    const { CelScalar } = cel
    const env = cel.celEnv({
      funcs: [
        // An address is text in one canonical form, so that `==` needs no own code.
        cel.celMethod('in_cidr', CelScalar.STRING, [CelScalar.STRING], CelScalar.BOOL, inCidr),
        cel.celFunc('ipaddress', [CelScalar.STRING], CelScalar.STRING, ipAddress),
      ],
    })
    const parsed = cel.parse(definition.expression)
    evaluate = cel.plan(env, parsed) as typeof evaluate
    for (const [parameter, type] of Object.entries(definition.parameters ?? {})) {
      converters.set(parameter, converterOf(type, peers))
    }
    if (parsed.expr !== undefined) checkTypes(parsed.expr, definition)
  } catch (cause) {
    throw new ConfigurationError(`model.conditions.${name}`, `write an expression and types that OpenFGA takes`, {
      cause,
    })
  }
  return new CompiledCondition(name, definition.expression, converters, evaluate, cel.isCelError)
}

function inCidr(this: unknown, cidr: string): boolean {
  const answer = isInCidr(String(this), cidr)
  if (answer === undefined) throw new Error('malformed CIDR')
  return answer
}

function ipAddress(text: string): string {
  const canonical = canonicalIp(text)
  if (canonical === undefined) throw new Error('malformed IP address')
  return canonical
}

class CompiledCondition implements Condition {
  readonly name: string
  readonly expression: string
  readonly parameters: readonly string[]
  readonly #converters: ReadonlyMap<string, Convert>
  readonly #evaluate: (bindings: Record<string, CelInput>) => unknown
  readonly #isError: (value: unknown) => boolean
  /** Contexts of tuples, each converted once. */
  readonly #cast = new WeakMap<Context, ReadonlyMap<string, CelInput>>()

  constructor(
    name: string,
    expression: string,
    converters: ReadonlyMap<string, Convert>,
    evaluate: (bindings: Record<string, CelInput>) => unknown,
    isError: (value: unknown) => boolean,
  ) {
    this.name = name
    this.expression = expression
    this.parameters = [...converters.keys()]
    this.#converters = converters
    this.#evaluate = evaluate
    this.#isError = isError
  }

  castTuple(context: Context): ReadonlyMap<string, CelInput> {
    const known = this.#cast.get(context)
    if (known !== undefined) return known
    const values = new Map<string, CelInput>()
    for (const [field, value] of Object.entries(context)) {
      const convert = this.#converters.get(field)
      if (convert === undefined) throw new Error(`found invalid context parameter: ${field}`)
      values.set(field, convert(value))
    }
    this.#cast.set(context, values)
    return values
  }

  holds(tuple: Context, request: RequestContext, tupleText: string): boolean {
    const fixed = this.castTuple(tuple)
    if (this.#converters.size === 0 && Object.keys(request.fields).length > 0) {
      throw invalid(`'${this.name}' - no parameters defined for the condition`)
    }
    // The object has no prototype, so that an expression finds no name that no context set.
    const bindings: Record<string, CelInput> = Object.create(null)
    const missing: string[] = []
    for (const [parameter, convert] of this.#converters) {
      const value = fixed.get(parameter)
      if (value !== undefined || fixed.has(parameter)) bindings[parameter] = value as CelInput
      else if (Object.hasOwn(request.fields, parameter)) bindings[parameter] = this.#asked(request, parameter, convert)
      else missing.push(parameter)
    }
    if (missing.length > 0) {
      throw invalid(
        `'${this.name}' - tuple '${tupleText}' is missing context parameters '[${missing.sort().join(' ')}]'`,
      )
    }
    return this.#run(bindings)
  }

  #asked(request: RequestContext, parameter: string, convert: Convert): CelInput {
    let converted = request.converted.get(this)
    if (converted === undefined) {
      converted = new Map()
      request.converted.set(this, converted)
    }
    if (converted.has(parameter)) return converted.get(parameter) as CelInput
    try {
      const value = convert(request.fields[parameter])
      converted.set(parameter, value)
      return value
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'it does not convert'
      throw invalid(
        `parameter type error on condition '${this.name}' - failed to convert context parameter '${parameter}': ${reason}`,
      )
    }
  }

  #run(bindings: Record<string, CelInput>): boolean {
    const answer = this.#evaluate(bindings)
    if (typeof answer === 'boolean') return answer
    const reason = this.#isError(answer) ? (answer as Error).message : 'the expression is no bool'
    throw invalid(`'${this.name}' - failed to evaluate condition expression: ${reason}`)
  }
}
