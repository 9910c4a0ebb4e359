import { isDirectToolOutput, ToolMessage } from '@langchain/core/messages/tool'
import type { GuardedCall } from './guard-tools-options.ts'
import { answersItself } from './nesting.ts'
import { isRecord, type RunConfig, toolCallIdOf } from './run-config.ts'

/** The field of a `ToolMessage`'s `metadata` from which the app knows that the tool's code did not run for this call. */
const REPLAYED = 'behalf/replayed'

/**
 * Returns the result of an earlier run as LangChain would write it for the model, with metadata for the app. The code of
 * another tool gets the result alone.
 */
export function replayedResult(
  result: unknown,
  ranAt: number,
  { name, responseFormat, metadata: own }: GuardedCall,
  config: RunConfig,
): unknown {
  const id = answersItself(config, name) ? toolCallIdOf(config) : undefined
  if (id === undefined) return result
  const isPair = responseFormat === 'content_and_artifact' && Array.isArray(result)
  const [content, artifact]: readonly unknown[] = isPair ? result : [result]
  if (ToolMessage.isInstance(content)) {
    // The guard's own copy. Both are set, because LangChain serializes the names that were given at construction.
    content.metadata = { ...content.metadata, [REPLAYED]: { ranAt } }
    content.lc_kwargs = { ...content.lc_kwargs, metadata: content.metadata }
    return result
  }
  if (isDirectToolOutput(content)) return result
  const metadata = { ...own, [REPLAYED]: { ranAt } }
  const fields = { status: 'success', artifact, tool_call_id: id, name, metadata } as const
  const message = new ToolMessage({ ...fields, content: contentOf(content) as string })
  return isPair ? [message, artifact] : message
}

/** Returns the content of a message, as LangChain makes it of what a tool returned. */
const contentOf = (content: unknown): unknown =>
  typeof content === 'string' || (Array.isArray(content) && content.every(isBlock))
    ? content
    : (JSON.stringify(content) ?? '')

const isBlock = (item: unknown): boolean => isRecord(item) && 'type' in item
