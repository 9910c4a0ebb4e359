import { ConfigurationError, type Json, type Slot } from '@behalf/core'
import { behindGuard, isToolRefusal, plainCopy, resultOf, shownError, slotWithin } from '@behalf/core/spi'
import type { AnyTool, GuardedCall, PendingCall } from './guard-tools-options.ts'
import { callsBeside, invocationOf, type Named, type Request, type SeenCall, slotOf } from './request.ts'

export type Handler = AnyTool['handler']
type Result = Awaited<ReturnType<Handler>>

/** The parts of the framework's second argument that are read here. */
interface Extra {
  readonly signal?: AbortSignal
  readonly _meta?: Readonly<Record<string, unknown>>
}

const TOOL_USE_ID = 'claudecode/toolUseId'

/**
 * The key of `_meta` under which the app finds the calls that got results of earlier runs, as `{ callId, ranAt }`.
 * Claude Code hands it to the app with the tool's result, and not to the model.
 */
const REPLAYED_META = 'behalf/replayed'

/** A call that got the result of an earlier run, which began at `ranAt`, in epoch seconds. */
interface Replay {
  readonly callId: string
  readonly ranAt: number
}

/** Returns the tool's handler behind `guard.run`. */
export const guardHandler = (request: Request, tool: GuardedCall): Handler =>
  behindGuard(async (given, handed) => {
    const args = plainCopy(given)
    const { _meta, ...rest } = { ...(handed as Extra | undefined) }
    const extra: Extra = { ...rest, ...(_meta !== undefined && { _meta: { ..._meta } }) }
    const seen = request.seen.get(String(extra._meta?.[TOOL_USE_ID]))
    const isModels = seen?.isOurs === true && seen.tool === tool.name && !seen.isTaken
    if (!isModels) return runNested(request, tool, seen, args ?? null, extra)
    seen.isTaken = true
    const carried: Carried = { done: [], replays: [] }
    const demand = () => demandSame(request.owner, tool, seen.input, args)
    const running = [
      told(runGuarded(request, tool, seen, extra, { demand, carried })),
      ...(await callsBeside(request, seen)).map((other) => carryOut(request, other, extra, carried)),
    ]
    await Promise.allSettled(running)
    if (extra.signal?.aborted) {
      // Claude Code has given up this request, and so the results of all calls that it carries.
      await Promise.all(carried.done.map((id) => request.guard.pauses.unheard(id)))
      throw extra.signal.reason
    }
    const [own = { content: [] }, ...others] = await Promise.all(running)
    const whole = { ...own, content: [own, ...others].flatMap(({ content }) => content) }
    const { replays } = carried
    return replays.length === 0 ? whole : { ...whole, _meta: { ...whole._meta, [REPLAYED_META]: replays } }
  })

const textOf = (text: string) => ({ type: 'text' as const, text })

/** Returns what the model reads. */
const told = (call: Promise<Result>): Promise<Result> =>
  call.catch((error) => {
    if (!isToolRefusal(error)) throw error
    return { content: [textOf(error.message)], isError: true }
  })

/** Results that one request of Claude Code gives. */
interface Carried {
  /** The runs that are done, by the guard's id. */
  readonly done: string[]
  readonly replays: Replay[]
}

interface RunOptions {
  readonly slot?: Slot
  /** Throws if the call must not run. */
  readonly demand?: () => void
  readonly carried?: Carried
}

/** Carries out a call. @throws ToolAuthorizationError It gave no result. */
async function runGuarded(
  request: Request,
  { name, policy, own }: GuardedCall,
  call: Named,
  extra: Extra,
  { slot = slotOf(call), demand, carried }: RunOptions = {},
): Promise<Result> {
  try {
    demand?.()
    const invocation = { ...invocationOf(request, name, call), slot, signal: extra.signal }
    const outcome = await request.guard.run(policy, invocation, (parsed) => own.handler(parsed, extra))
    if (outcome.status === 'done') {
      const { ranAt, trace } = outcome
      if (trace.approvalId !== undefined) carried?.done.push(trace.approvalId)
      if (ranAt !== undefined) carried?.replays.push({ callId: call.callId, ranAt })
    }
    return resultOf(outcome, name, request)
  } catch (error) {
    throw shownError(error, name, request, extra.signal)
  }
}

/** Runs a call that was told to wait, and returns its result with that of the deferred call. */
async function carryOut(request: Request, other: PendingCall, extra: Extra, carried: Carried): Promise<Result> {
  const { callId, interrupt } = other
  const tool = request.calls.get(interrupt.tool)
  if (tool === undefined) return { content: [] }
  const own = { ...extra, _meta: { ...extra._meta, [TOOL_USE_ID]: callId } }
  const { content } = await told(runGuarded(request, tool, other, own, { carried }))
  return { content: [textOf(`Result of the call ${callId} of ${tool.name}, which had to wait:`), ...content] }
}

/** Runs a call by the code of another tool. That code would take a refusal for a result, so it gets an error. */
async function runNested(
  request: Request,
  tool: GuardedCall,
  seen: SeenCall | undefined,
  input: Json,
  extra: Extra,
): Promise<Result> {
  const { name } = tool
  if (seen === undefined) throw shownError(new ConfigurationError(`${request.owner}.hooks`, NO_HOOK), name, request)
  const slot = slotWithin(slotOf(seen), { tool: name, input, attempt: seen })
  return runGuarded(request, tool, { ...seen, input }, extra, { slot })
}

const NO_HOOK =
  'did not see this call: give mcpServers and hooks of the same tools to query, and pass on all that a tool received to a tool that it calls'

/**
 * Refuses a call whose arguments another hook or `canUseTool` changed after the decision. In any case, the body gets
 * the model's arguments as the guard parsed them.
 */
function demandSame(owner: string, { name, own }: GuardedCall, written: Json, args: Json | undefined): void {
  const fields: Readonly<Record<string, unknown>> = Object(written)
  const got: Readonly<Record<string, unknown>> = Object(args)
  for (const [field, schema] of Object.entries(own.inputSchema)) {
    if (!Object.hasOwn(fields, field)) continue
    const { data } = (schema as { safeParse(value: unknown): { data?: unknown } }).safeParse(fields[field])
    if (JSON.stringify(plainCopy(data)) === JSON.stringify(got[field])) continue
    throw new ConfigurationError(
      `${owner}.tools.${name}`,
      `got another ${JSON.stringify(field)} than the model wrote: let no hook and no canUseTool change it`,
    )
  }
}
