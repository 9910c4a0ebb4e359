import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scriptedPlanner } from '@behalf/example-stock-agent'
import { countLeaks, endOf, type Part, type Stage } from '@behalf/example-stock-agent/demo'
import { langChainAgent } from './agent.ts'
import { FileSaver } from './file-saver.ts'
import type { ModelChoice } from './model.ts'

/** Ends the agent while it waits: only LangGraph's data on disk, and the guard's record, remain. */
export const restart = (model: ModelChoice): Part => ({
  title: 'Restart: the agent goes away while it waits',
  lead: "Another agent, with nothing but LangGraph's checkpoint, goes on once the person has answered. It runs once.",
  async run(stage) {
    const directory = mkdtempSync(join(tmpdir(), 'stock-agent-langchain-'))
    try {
      await goOnFrom(join(directory, 'checkpoints.json'), stage, model)
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
})

async function goOnFrom(file: string, stage: Stage, model: ModelChoice): Promise<void> {
  const { checks, printer, world } = stage
  const { ann } = world.target.users
  const { session } = await stage.signIn(ann)
  const before = await stage.orderCount(ann)
  const { controls } = world.target.authorizationServer
  const agent = () =>
    langChainAgent(
      {
        guard: world.guard,
        planner: scriptedPlanner,
        threadId: 'restart',
        identity: session.identity,
        portfolio: ann.portfolio,
        waitForPerson: async () => 'leave',
      },
      model,
      new FileSaver(file),
    )
  printer.field('user', 'ann: “Buy 45 shares of AAPL”', 'cyan')
  const asked = await agent().ask('Buy 45 shares of AAPL')
  checks.equal('the run pauses', endOf(asked), 'approval_pending')
  const kept = readFileSync(file, 'utf8')
  printer.field('restart', `the agent is gone; its checkpoint has ${kept.length} characters`)
  checks.equal('the checkpoint holds the question', kept.includes('Buy 45 shares of AAPL'), true)
  checks.equal('and no secret', countLeaks(kept, world.wire.secrets), 0)

  const early = await agent().resume()
  checks.equal('resumed before the answer, nothing runs', early.outcomes, [])
  const [question] = (await controls.pendingRequests(ann.subject)).slice(-1)
  await controls.approve(question?.authReqId)
  // The first poll is due after the interval of 5 s, and up to half of it later.
  world.clock.forward(8)
  printer.field('phone', 'ann approves while no agent is there')
  const done = await agent().resume()
  printer.field('answer', done.answer, 'bold')
  checks.equal('a new agent continues, and the order runs', endOf(done), 'done')
  checks.equal('one order was placed', (await stage.orderCount(ann)) - before, 1)
  const again = await agent().resume()
  checks.equal('resumed once more, nothing is left to do', again.outcomes, [])
  checks.equal('and still one order is placed', (await stage.orderCount(ann)) - before, 1)
  checks.equal('the checkpoint holds no secret', countLeaks(readFileSync(file, 'utf8'), world.wire.secrets), 0)
}
