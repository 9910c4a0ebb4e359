import { type Interrupt, ToolAuthorizationError } from '@behalf/core'
import type { ToolAuthorizationCode } from '@behalf/core/spi'
import { ToolMessage } from '@langchain/core/messages'
import type { GuardedCall } from './guard-tools-options.ts'
import { answersItself } from './nesting.ts'
import { type RunConfig, toolCallIdOf } from './run-config.ts'

/**
 * Returns the fixed sentence as the answer to the tool call. A thrown error would read "Please fix your mistakes" to
 * the model, or reject the run if a middleware wraps tool calls.
 * @throws ToolAuthorizationError There is no tool call to answer, such as when another tool's code makes the call.
 */
export function refusal(
  { name, responseFormat }: GuardedCall,
  config: RunConfig,
  code: ToolAuthorizationCode,
  sentence: string,
  interrupt?: Interrupt,
): unknown {
  const id = answersItself(config, name) ? toolCallIdOf(config) : undefined
  if (id === undefined) throw new ToolAuthorizationError(code, sentence, interrupt)
  const message = new ToolMessage({ content: sentence, tool_call_id: id, name, status: 'error' })
  // A tool with artifacts answers in pairs.
  return responseFormat === 'content_and_artifact' ? [message, undefined] : message
}
