import type { StockAgent, StockAgentOptions, Turn } from './agent.ts'
import { endOf } from './outcomes.ts'
import type { Part } from './stage.ts'

/** An agent whose framework stores waiting runs. */
export interface ResumableAgent extends StockAgent {
  /** Continues the waiting calls of the conversation, as after a restart. */
  goOn(): Promise<Turn>
}

/** Place of a waiting run in the framework, in words of the demo. */
export interface KeptRun {
  readonly lead: string
  readonly kept: string
}

/** Discards the process's state between question and answer: the framework's stored state is enough. */
export const restartPart = (make: (options: StockAgentOptions) => ResumableAgent, { lead, kept }: KeptRun): Part => ({
  title: 'Restart in the middle',
  lead,
  async run(stage) {
    const { world, printer, checks } = stage
    const { ann } = world.target.users
    const { identity } = (await stage.signIn(ann)).session
    const before = await stage.orderCount(ann)
    const agent = () =>
      make({
        guard: world.guard,
        planner: () => ({ kind: 'call', tool: 'create_order', input: order }),
        threadId: 'restart',
        identity,
        portfolio: ann.portfolio,
        waitForPerson: async () => (asked ? 'look' : 'leave'),
      })
    const order = { portfolio: ann.portfolio, side: 'buy', symbol: 'AAPL', quantity: 40 }
    let asked = false
    const show = (turn: Turn) => {
      printer.field('answer', turn.answer, 'bold')
      return turn
    }
    printer.field('user', `${ann.subject}: “Buy 40 shares of AAPL”`, 'cyan')
    checks.equal('the run waits', endOf(show(await agent().ask('Buy 40 shares of AAPL'))), 'approval_pending')
    printer.field('restart', `the agent's process ended; ${kept}`)
    const [question] = await world.target.authorizationServer.controls.pendingRequests(ann.subject)
    await world.target.authorizationServer.controls.approve(question?.authReqId)
    // The first poll is due after the interval of 5 s, and up to half of it later.
    world.clock.forward(8)
    asked = true
    checks.equal('a new agent continues', endOf(show(await agent().goOn())), 'done')
    checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
    const again = await agent().goOn()
    checks.equal('no call is left to continue', again.call, undefined)
    checks.equal('still one', (await stage.orderCount(ann)) - before, 1)
  },
})
