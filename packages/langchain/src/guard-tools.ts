import { ConfigurationError, type Policy } from '@behalf/core'
import { isGuarded, withPolicies } from '@behalf/core/spi'
import { cloneOf } from './clone-of.ts'
import { guardCall, type ToolBody } from './guard-call.ts'
import type { GuardableTool, GuardToolsOptions } from './guard-tools-options.ts'
import { checkShape } from './tool-shape.ts'
import { keepingToolCall, keepingWritten, type ParsingCall } from './written-by.ts'

const optionKeys = ['guard', 'policies', 'identity', 'onError']

/**
 * Puts the guard before each tool. The tools keep their classes, schemas, names and types; those passed in are not
 * changed. Make them once: each run brings its identity, as `context: { identity }`.
 *
 * A refusal is a `ToolMessage` with `status: 'error'` and one fixed sentence. A call that needs a person pauses the
 * graph by `interrupt()`, before any code of the tool has run; the value of the resume is only a wake-up. The tool's
 * function gets the input as the policy parsed it, frozen. Outside a graph, there is no tool call to answer, so a
 * refusal and a call that cannot pause are thrown as `ToolAuthorizationError`.
 *
 * @throws ConfigurationError An unknown option; a tool without a policy, or with one that this guard cannot serve; a
 *   tool given twice, of no LangChain class, or with a method of its own in place of one of LangChain's, such as
 *   `invoke`: only `_call` and `func` can be guarded.
 */
export function guardTools<const Tools extends readonly GuardableTool[]>(
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): Tools {
  return guardNamed('guardTools', tools, options)
}

/** Does so for the function that the app called, which errors name. */
export function guardNamed<const Tools extends readonly GuardableTool[]>(
  owner: string,
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): Tools {
  const given = tools as readonly GuardableTool[] as readonly Callable[]
  const named = given.map((tool) => [tool.name, tool] as const)
  const names = new Set<string>()
  // The identity may come with each run.
  return withPolicies(owner, named, { identity: undefined, ...options }, optionKeys).map(({ name, tool, policy }) => {
    if (names.has(name)) throw new ConfigurationError(`${owner}.tools.${name}`, 'is there twice')
    names.add(name)
    return guarded(owner, tool, policy, options)
  }) as readonly GuardableTool[] as Tools
}

/** LangChain calls `_call`, which in its dynamic tools calls `func`. */
interface Callable extends GuardableTool {
  readonly name: string
  readonly responseFormat?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Arguments of its constructor, including its function. */
  readonly lc_kwargs?: { readonly func?: ToolBody }
  func?: ToolBody
  _call: ToolBody
  readonly call: ParsingCall
  readonly invoke: ParsingCall
}

function guarded(
  owner: string,
  original: Callable,
  policy: Policy,
  { guard, identity, onError }: Omit<GuardToolsOptions<readonly GuardableTool[]>, 'policies'>,
): GuardableTool {
  const { name, responseFormat, metadata, func, lc_kwargs: kept } = original
  const at = `${owner}.tools.${name}`
  if ([func, original._call, kept?.func].some(isGuarded)) {
    throw new ConfigurationError(at, 'is guarded already: give the tool as it was made')
  }
  checkShape(original, at)
  const call = { owner, name, responseFormat, metadata, policy, guard, identity, onError }
  const behindGuard = (body: ToolBody) => guardCall(call, body.bind(original))
  return cloneOf(at, original, {
    invoke: keepingToolCall(original.invoke),
    call: keepingWritten(original.call, name),
    _call: behindGuard(original._call),
    ...(typeof func === 'function' && { func: behindGuard(func) }),
    ...(typeof kept?.func === 'function' && { lc_kwargs: { ...kept, func: behindGuard(kept.func) } }),
  })
}
