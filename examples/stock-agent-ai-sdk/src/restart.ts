import { endOf, type Part, type Turn } from '@behalf/example-stock-agent/demo'
import type { AiSdkAgent, AiSdkAgentOptions } from './agent.ts'

type Maker = (options: Omit<AiSdkAgentOptions, 'conversations' | 'model'>) => AiSdkAgent

/** What the process knows is thrown away between question and answer: the saved messages are enough. */
export const restartPart = (make: Maker): Part => ({
  title: 'Restart in the middle',
  lead: 'The conversation is a file of messages. Another process reads it, and goes on when the person has answered.',
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
    printer.field('restart', 'the agent is gone; its messages are in a file')
    const [question] = await world.target.authorizationServer.controls.pendingRequests(ann.subject)
    await world.target.authorizationServer.controls.approve(question?.authReqId)
    world.clock.forward(6)
    asked = true
    checks.equal('a new agent goes on', endOf(show(await agent().goOn())), 'done')
    checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
    const again = await agent().goOn()
    checks.equal('and there is nothing left to go on with', again.call, undefined)
    checks.equal('still one', (await stage.orderCount(ann)) - before, 1)
  },
})
