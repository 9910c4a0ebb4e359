import type { ToolResult } from './schema.ts'

/**
 * A body's value as a result of MCP: one that is such a result already is taken as it is, a text is text, and
 * all else is JSON.
 *
 * @throws TypeError JSON cannot carry it.
 */
export function toolResultOf(value: unknown, isStructured: boolean): ToolResult {
  if (isToolResult(value)) return value
  if (value === undefined) return { content: [] }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const structuredContent = isStructured && isRecord(value) ? { structuredContent: { ...value } } : {}
  return { content: [{ type: 'text', text }], ...structuredContent }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isToolResult(value: unknown): value is ToolResult {
  if (!isRecord(value) || !Array.isArray(value.content)) return false
  return value.content.every((block: unknown) => isRecord(block) && typeof block.type === 'string')
}
