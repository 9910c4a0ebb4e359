import type { DefinedTool, Guard, Identity, Interrupt, Outcome } from '@behalf/core'
import { answerOf } from './answer.ts'
import type { Planner } from './planner.ts'
import { type ToolName, tools } from './tools.ts'

export interface StockAgentOptions {
  readonly guard: Guard
  readonly planner: Planner
  /** The conversation. Its calls are found again under it. */
  readonly threadId: string
  /** The signed-in user. Absent: no user is signed in, and only public tools run. */
  readonly identity?: Identity
  /** Portfolio that the model's prompt names as "my portfolio". */
  readonly portfolio?: string
  /** Hears of each call that the model wrote, before anything is decided about it. */
  readonly onCall?: (call: ToolCall) => void
  /** Called while a person must answer. `'look'`: it is time to poll again; `'leave'`: the turn ends here. */
  readonly waitForPerson: (interrupt: Interrupt) => Promise<'look' | 'leave'>
}

/** A tool call as the model wrote it, with the id that its framework gave it. */
export interface ToolCall {
  readonly id: string
  readonly tool: ToolName
  readonly input: unknown
}

/** One prompt and its results. */
export interface Turn {
  readonly prompt: string
  readonly answer: string
  /** Absent: the model answered in words. */
  readonly call?: ToolCall
  /** Outcome of each try of the call; the last one counts. */
  readonly outcomes: readonly Outcome<unknown>[]
}

/** The agent: a planner that decides what to try, and a guard that decides what runs. */
export interface StockAgent {
  ask(prompt: string): Promise<Turn>
  /** Tries a call again, as a framework does that replays a message or resumes after a restart. */
  retry(call: ToolCall): Promise<Turn>
}

/**
 * Makes an agent for one conversation of one user.
 *
 * A call that waits for a person is tried again under its slot. The guard has the state, and the agent keeps no state
 * that an approval depends on.
 *
 * @throws StockTradeError From `ask` and `retry`, if the API fails during a call.
 */
export function createStockAgent(options: StockAgentOptions): StockAgent {
  let calls = 0
  return {
    async ask(prompt) {
      const plan = options.planner(prompt, { portfolio: options.portfolio })
      if (plan.kind === 'say') return { prompt, answer: plan.text, outcomes: [] }
      calls += 1
      return attempt(options, prompt, { id: `call-${calls}`, tool: plan.tool, input: plan.input })
    },
    retry: (call) => attempt(options, '', call),
  }
}

async function attempt(options: StockAgentOptions, prompt: string, call: ToolCall): Promise<Turn> {
  const { guard, threadId, identity, waitForPerson } = options
  const { tool, input } = call
  const asked = { slot: [threadId, call.id] as const, input, ...(identity && { identity }) }
  const outcomes: Outcome<unknown>[] = []
  options.onCall?.(call)
  for (;;) {
    const outcome = await guard.run(byName.get(tool) as DefinedTool, asked)
    outcomes.push(outcome)
    const waits = outcome.status === 'interrupted' && outcome.interrupt.kind === 'approval_pending'
    if (!waits || (await waitForPerson(outcome.interrupt)) === 'leave') {
      return { prompt, call, outcomes, answer: answerOf(tool, outcome) }
    }
  }
}

const byName: ReadonlyMap<string, DefinedTool> = new Map(tools.map((tool) => [tool.name, tool]))
