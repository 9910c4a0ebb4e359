import type { AnySchema, ToolResult } from './schema.ts'

/** The key of `_meta` under which a client's app finds the interrupt, as `interruptsOf` reads it. */
export const INTERRUPT_META = 'behalf/interrupt'
/** The key of `_meta` under which a client's app finds the reason of a refusal. */
export const REFUSAL_META = 'behalf/refusal'

/**
 * The key of `_meta` under which a client's app finds `{ ranAt }` in the result of an earlier run: the tool's code did not
 * run for this call.
 */
export const REPLAYED_META = 'behalf/replayed'

const reserved: readonly string[] = [INTERRUPT_META, REFUSAL_META, REPLAYED_META]

/**
 * Returns a body's value as a result of MCP. Of a value that is such a result already, keeps only the fields of a
 * result. A string becomes text, and any other value becomes JSON.
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
 * Returns a body's value as the client gets it, or throws while the run can still fail. The SDK checks results after
 * the run: a client that got its error would call again, although the call is done (A13).
 *
 * @param isResult - Returns whether the SDK accepts the result.
 * @throws TypeError The value is not JSON, is not a result of MCP, or does not fit this tool's `outputSchema`.
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
 * Removes the fields that only the guard may set, and those that would ask the client for something: a body may pass on
 * the response of another server.
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
