import type { AnySchema, ToolResult } from './schema.ts'

/** The key of `_meta` under which a client's app finds what waits, as `interruptsOf` reads it. */
export const INTERRUPT_META = 'behalf/interrupt'
/** The key of `_meta` under which a client's app finds why a call was refused. */
export const REFUSAL_META = 'behalf/refusal'

const reserved: readonly string[] = [INTERRUPT_META, REFUSAL_META]

/**
 * A body's value as a result of MCP: of one that is such a result already its own fields are taken, a text is text, and
 * all else is JSON.
 *
 * @throws TypeError JSON cannot carry it.
 */
export function toolResultOf(value: unknown, isStructured: boolean): ToolResult {
  if (isToolResult(value)) return ownResult(value)
  if (value === undefined) return { content: [] }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const structuredContent = isStructured && isRecord(value) ? { structuredContent: { ...value } } : {}
  return { content: [{ type: 'text', text }], ...structuredContent }
}

/**
 * A body's value as its client gets it. Within the run: the SDK checks results after it, and a client that is told of an
 * error calls again, where what was done counts as done (A13).
 *
 * @param isResult - Whether the SDK takes it.
 * @throws TypeError JSON cannot carry it, or it is no result of MCP, or none of this tool's `outputSchema`.
 */
export async function checkedResult(
  value: unknown,
  outputSchema: AnySchema | undefined,
  isResult: (result: unknown) => boolean,
): Promise<ToolResult> {
  const result = JSON.parse(JSON.stringify(toolResultOf(value, outputSchema !== undefined))) as ToolResult
  if (!isResult(result)) throw new TypeError('the body returned no text, no JSON and no result of MCP')
  if (outputSchema === undefined || result.isError === true) return result
  const checked = (await outputSchema['~standard'].validate(result.structuredContent)) as { readonly issues?: unknown }
  if (checked.issues === undefined) return result
  throw new TypeError(`the body returned what its outputSchema does not take: ${JSON.stringify(checked.issues)}`)
}

/**
 * A body may relay what another server answered, and that server is not the guard: what only the guard says is left out,
 * and so is what would ask the client for something.
 */
function ownResult({ content, structuredContent, isError, _meta }: ToolResult): ToolResult {
  const told = isRecord(_meta) ? Object.entries(_meta).filter(([key]) => !reserved.includes(key)) : []
  return {
    content,
    ...(structuredContent !== undefined && { structuredContent }),
    ...(isError !== undefined && { isError }),
    ...(told.length > 0 && { _meta: Object.fromEntries(told) }),
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isToolResult(value: unknown): value is ToolResult {
  if (!isRecord(value) || !Array.isArray(value.content)) return false
  return value.content.every((block: unknown) => isRecord(block) && typeof block.type === 'string')
}
