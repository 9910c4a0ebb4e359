import { ConfigurationError } from '@behalf/core'
import { DynamicStructuredTool, DynamicTool, StructuredTool } from '@langchain/core/tools'

/** A tool's own code is behind these two, and the guard takes their place. */
const bodies = ['_call', 'func']

/** Describe a tool, and run nothing. */
const descriptions = ['constructor', 'toJSON', 'toJSONNotImplemented']

const ownClasses: readonly object[] = [DynamicStructuredTool.prototype, DynamicTool.prototype].flatMap(chainOf)

/** Methods of a tool that LangChain and LangGraph may call, and that end at its body. */
const ways = new Set(
  ownClasses.flatMap((holder) =>
    Object.entries(Object.getOwnPropertyDescriptors(holder))
      .filter(([name, { value }]) => typeof value === 'function' && ![...bodies, ...descriptions].includes(name))
      .map(([name]) => name),
  ),
)

/**
 * Checks that each way to a tool's body is LangChain's own code, which ends at `_call`: a tool's own `invoke` would run
 * without the guard.
 * @throws ConfigurationError A method of LangChain is overridden, or this is no tool of LangChain's classes.
 */
export function checkShape(tool: object, path: string): void {
  if (!chainOf(tool).some((holder) => isLikeOurs(holder, StructuredTool.prototype))) {
    throw new ConfigurationError(
      path,
      'is no StructuredTool of this version of @langchain/core, so nothing here could be guarded: make it with tool(…)',
    )
  }
  for (const way of ways) {
    const holder = chainOf(tool).find((one) => Object.hasOwn(one, way))
    if (holder === undefined || ownClasses.some((ours) => isLikeOurs(holder, ours))) continue
    throw new ConfigurationError(
      `${path}.${way}`,
      'is overridden, and would run without the guard: put the code into _call or func, which are guarded',
    )
  }
}

/** Returns an object and its prototypes, without the last one. */
function chainOf(object: object): readonly object[] {
  const next: object | null = Object.getPrototypeOf(object)
  return next === null ? [] : [object, ...chainOf(next)]
}

/**
 * Returns whether a prototype is the one that we know, or the same one in another copy of LangChain, such as the one
 * for `require`.
 */
function isLikeOurs(holder: object, ours: object): boolean {
  if (holder === ours) return true
  const [rest, oursRest] = [chainOf(holder), chainOf(ours)]
  return rest.length === oursRest.length && rest.every((one, index) => isSameClass(one, oursRest[index] as object))
}

const isSameClass = (one: object, other: object): boolean =>
  one.constructor.name === other.constructor.name &&
  Object.hasOwn(one, 'constructor') &&
  Object.getOwnPropertyNames(one).toSorted().join() === Object.getOwnPropertyNames(other).toSorted().join()
