import { type Guard, HadNoEffect, type UserIdentity } from '@behalf/core'
import { policies, type ToolName } from '@behalf/example-stock-agent'
import type { ToolSet, UIMessage } from 'ai'
import { isGoingOn } from './parts.ts'

type Part = UIMessage['parts'][number]

/**
 * Wraps the tools so that each call is saved in the conversation before its body acts.
 *
 * A turn is saved when it ends. If a process died before, only the user's text would remain. The model would then call
 * again under another id, which the guard treats as another order. Instead, a call that was begun continues under its
 * own id, and the guard returns its outcome: a write is repeated from its record, and only a read runs again.
 *
 * @param before - Messages with which the turn starts. Calls in them are saved already.
 * @param save - If it throws, the body does not act.
 * @param isPresent - Returns whether the user of the turn is still logged in: a turn outlives its request, and may
 *   outlive a logout.
 */
export function keepingCalls<Tools extends ToolSet>(
  tools: Tools,
  before: readonly UIMessage[],
  { save, isPresent }: { readonly save: (messages: readonly UIMessage[]) => void; isPresent(): Promise<boolean> },
): Tools {
  const begun = new Map<string, Part>()
  const isKept = (id: string) =>
    before.some(({ parts }) => parts.some((part) => 'toolCallId' in part && part.toolCallId === id))
  const keep = (id: string, part: Part) => {
    if (isKept(id)) return
    begun.set(id, part)
    save(withParts(before, [...begun.values()]))
  }
  const kept = Object.entries(tools).map(([name, tool]) => {
    const { execute } = tool
    if (execute === undefined) return [name, tool]
    const keeping: typeof execute = async (input, options) => {
      if (!(await isPresent())) throw new HadNoEffect(new Error('the login ended before the call'))
      const { toolCallId } = options
      const call = { type: `tool-${name}`, toolCallId, input } as const
      // Acts like a person's approval: a wake-up, with which the framework makes the call again.
      const approval = { id: crypto.randomUUID(), approved: true } as const
      keep(toolCallId, { ...call, state: 'approval-responded', approval })
      return execute(input, options)
    }
    return [name, { ...tool, execute: keeping }]
  })
  return Object.fromEntries(kept) as Tools
}

function withParts(messages: readonly UIMessage[], parts: Part[]): readonly UIMessage[] {
  const last = messages.at(-1)
  if (last?.role !== 'assistant') {
    return [...messages, { id: crypto.randomUUID(), role: 'assistant', parts: [{ type: 'step-start' }, ...parts] }]
  }
  // Adds it to the step of the answered call: the framework continues the calls of one step together.
  return [...messages.slice(0, -1), { ...last, parts: [...last.parts, ...parts] }]
}

/** Returns the calls of a dead process, which continue under their own ids. */
export function callsToGoOn(messages: readonly UIMessage[]): readonly { tool: ToolName; id: string; input: unknown }[] {
  return (messages.at(-1)?.parts ?? []).flatMap((part) => {
    if (!('toolCallId' in part) || !isGoingOn(part)) return []
    const tool = part.type.replace(/^tool-/, '')
    return Object.hasOwn(policies, tool) ? [{ tool: tool as ToolName, id: part.toolCallId, input: part.input }] : []
  })
}

/** Returns whether the guard says that one of them still runs: after a crash, it does so for a minute. */
export async function isRunning(
  messages: readonly UIMessage[],
  {
    guard,
    identity,
    threadId,
  }: { readonly guard: Guard; readonly identity: UserIdentity | undefined; readonly threadId: string },
): Promise<boolean> {
  const outcomes = await Promise.all(
    callsToGoOn(messages).map(({ tool, id, input }) =>
      guard.preflight(policies[tool], { tool, slot: [threadId, id], input, identity }),
    ),
  )
  return outcomes.some((outcome) => outcome.status === 'unavailable' || ('underWay' in outcome && outcome.underWay))
}
