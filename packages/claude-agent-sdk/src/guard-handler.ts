import { ConfigurationError, type Json, type Outcome, type Slot, ToolAuthorizationError } from '@behalf/core'
import {
  denySentences,
  isToolRefusal,
  plainCopy,
  refusalParts,
  slotWithin,
  tellFault,
  toolFailedSentence,
  toolRefusal,
} from '@behalf/core/spi'
import type { AnyTool, GuardedCall, PendingCall } from './guarded-tools.ts'
import { callsBeside, invocationOf, type Request, reportError, type SeenCall, slotOf } from './request.ts'

export type Handler = AnyTool['handler']
type Result = Awaited<ReturnType<Handler>>

/** The parts of the framework's second argument that are read here. */
interface Extra {
  readonly signal?: AbortSignal
  readonly _meta?: Readonly<Record<string, unknown>>
}

const TOOL_USE_ID = 'claudecode/toolUseId'

/** Returns the tool's handler behind `guard.run`. */
export function guardHandler(request: Request, tool: GuardedCall): Handler {
  const guarded: Handler = async (given, handed) => {
    const args = plainCopy(given)
    const { _meta, ...rest } = { ...(handed as Extra | undefined) }
    const extra: Extra = { ...rest, ...(_meta !== undefined && { _meta: { ..._meta } }) }
    const seen = request.seen.get(String(extra._meta?.[TOOL_USE_ID]))
    const isModels = seen?.isOurs === true && seen.tool === tool.name && !seen.isTaken
    if (!isModels) return runNested(request, tool, { seen, args, extra })
    seen.isTaken = true
    const [own, ...others] = await Promise.all([
      endOf(request, tool, extra, () => {
        demandSame(tool, seen.input, args)
        return runGuarded(request, tool, seen, extra)
      }).then(told),
      ...(await callsBeside(request, seen)).map((other) => carryOut(request, other, extra)),
    ])
    return others.length === 0 ? own : { ...own, content: [...own.content, ...others.flat()] }
  }
  bodies.add(guarded)
  return guarded
}

const bodies = new WeakSet<object>()

/** Returns whether a handler is behind a guard. A second guard would find the write of the first one under way. */
export const isGuarded = (handler: object): boolean => bodies.has(handler)

const textOf = (text: string) => ({ type: 'text' as const, text })

/** Returns what the model reads. */
const told = (ended: Result | ToolAuthorizationError): Result =>
  ended instanceof ToolAuthorizationError ? { content: [textOf(ended.message)], isError: true } : ended

/** Carries out a call, and returns the result, or the refusal. */
async function endOf(
  request: Request,
  { name }: GuardedCall,
  { signal }: Extra,
  run: () => Promise<Outcome<Result>>,
): Promise<Result | ToolAuthorizationError> {
  try {
    const outcome = await run()
    tellFault(outcome, name, request)
    return outcome.status === 'done' ? outcome.result : toolRefusal(...refusalParts(outcome))
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error
    // Of a call that the body made.
    if (isToolRefusal(error)) return error
    reportError(request, error, name)
    if (ConfigurationError.isInstance(error)) return toolRefusal('misconfigured', denySentences.misconfigured)
    return toolRefusal('tool_failed', toolFailedSentence)
  }
}

function runGuarded(
  request: Request,
  { name, policy, own }: GuardedCall,
  call: Pick<SeenCall, 'sessionId' | 'callId' | 'input'>,
  extra: Extra,
  slot: Slot = slotOf(call),
): Promise<Outcome<Result>> {
  const invocation = { ...invocationOf(request, name, call), slot, signal: extra.signal }
  return request.guard.run(policy, invocation, (parsed) => own.handler(parsed, extra))
}

/** Runs a call that was told to wait, and returns its result with that of the deferred call. */
async function carryOut(request: Request, other: PendingCall, extra: Extra): Promise<Result['content']> {
  const { callId, interrupt } = other
  const tool = request.calls.get(interrupt.tool)
  if (tool === undefined) return []
  const own = { ...extra, _meta: { ...extra._meta, [TOOL_USE_ID]: callId } }
  const { content } = told(await endOf(request, tool, extra, () => runGuarded(request, tool, other, own)))
  return [textOf(`Result of the call ${callId} of ${tool.name}, which had to wait:`), ...content]
}

interface Nested {
  readonly seen: SeenCall | undefined
  readonly args: Json | undefined
  readonly extra: Extra
}

/** Runs a call by the code of another tool. That code would take a refusal for a result, so it gets an error. */
async function runNested(request: Request, tool: GuardedCall, { seen, args, extra }: Nested): Promise<Result> {
  const { name } = tool
  const ended = await endOf(request, tool, extra, async () => {
    if (seen === undefined) throw new ConfigurationError('guardTools.hooks', NO_HOOK)
    const { sessionId, callId } = seen
    const call = { sessionId, callId, input: args ?? null }
    const slot = slotWithin(slotOf(call), { tool: name, input: call.input, attempt: seen })
    return runGuarded(request, tool, call, extra, slot)
  })
  if (ended instanceof ToolAuthorizationError) throw ended
  return ended
}

const NO_HOOK =
  'did not see this call: give mcpServers and hooks of the same guardTools to query, and hand on all that a tool got to a tool that it calls'

/**
 * Refuses a call whose arguments another hook or `canUseTool` changed after the decision. In any case, the body gets
 * the model's arguments as the guard parsed them.
 */
function demandSame({ name, own }: GuardedCall, written: Json, args: Json | undefined): void {
  const fields = typeof written === 'object' && written !== null && !Array.isArray(written) ? written : {}
  for (const [field, schema] of Object.entries(own.inputSchema)) {
    if (!Object.hasOwn(fields, field)) continue
    const parsed = parsedBy(schema, (fields as Record<string, Json>)[field])
    const got = (args as Record<string, Json> | undefined)?.[field]
    if (JSON.stringify(parsed) === JSON.stringify(got)) continue
    throw new ConfigurationError(
      `guardTools.tools.${name}`,
      `got another ${JSON.stringify(field)} than the model wrote: let no hook and no canUseTool change it`,
    )
  }
}

function parsedBy(schema: unknown, value: unknown): unknown {
  const { data } = (schema as { safeParse(value: unknown): { data?: unknown } }).safeParse(value)
  return plainCopy(data)
}
