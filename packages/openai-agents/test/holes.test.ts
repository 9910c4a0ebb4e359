// What OpenAI Agents does by itself, shown bare, and that a guarded tool does not do it.
import { verifies } from '@behalf/testing/requirements'
import { RunState } from '@openai/agents'
import { describe, expect, test } from 'vitest'
import { guardTools, interruptsOf, restoreRun, saveRun } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { agentOf, approved, resumed, runner, threadId, transfers, world } from './world.ts'

const asking = () => new ScriptedModel([call('call-1', 'transfer', { amount: 50 })])
const raise = (saved: string) => saved.replaceAll('\\"amount\\":50', '\\"amount\\":50000')

/** A bare agent that waits for the approval of the framework itself. */
async function bareRun(context: object = {}) {
  const { bare, done } = transfers()
  const agent = agentOf(asking(), { tools: [bare] })
  const { state } = await runner.run(agent, 'Transfer 50', { context })
  const go = async (saved: string) => {
    const restored = await RunState.fromString(agent, saved)
    for (const item of restored.getInterruptions()) restored.approve(item)
    await runner.run(agent, restored)
  }
  return { saved: state.toString(), done, go, agent }
}

/** A guarded agent that waits for Ann, and was approved by her. */
async function guardedRun(context: unknown = {}) {
  const target = await world()
  const guard = target.guard()
  const identity = await target.login()
  const { plain, policies, done } = transfers()
  const tools = (who: typeof identity | undefined) =>
    Object.values(guardTools({ transfer: plain }, { guard, policies, identity: who, threadId }))
  const agent = agentOf(asking(), { tools: tools(identity) })
  const { state } = await runner.run(agent, 'Transfer 50', { context })
  await approved(target)
  /** Approves in the framework all that waits, as an app does that trusts the state. */
  const forge = async (restored: RunState<unknown, typeof agent>, by = agent) => {
    for (const item of restored.getInterruptions()) restored.approve(item, { alwaysApprove: true })
    return runner.run(by, restored)
  }
  return { target, guard, identity, state, saved: saveRun(state), raw: state.toString(), done, agent, tools, forge }
}

describe('a saved state that was edited from 50 to 50,000', () => {
  test('bare: the approval of 50 executes 50,000', async () => {
    const { saved, done, go } = await bareRun()
    await go(raise(saved))
    expect(done).toEqual([50_000])
  })

  test(verifies('A3', 'guarded: is not answered by the approval of 50, and executes nothing'), async () => {
    const { saved, done, agent, guard, identity, forge } = await guardedRun()
    const edited = await restoreRun(agent, raise(saved))
    expect(await resumed(edited, { guard, identity })).toMatchObject({ status: 'unknown' })
    await forge(edited)
    expect(done).toEqual([])
  })

  test('guarded: is not answered either where only the state was edited, and not what is kept beside it', async () => {
    const { saved, agent, guard, identity } = await guardedRun()
    const { state, ...rest } = JSON.parse(saved)
    const edited = JSON.stringify({ ...rest, state: JSON.parse(raise(JSON.stringify(state))) })
    expect(await resumed(await restoreRun(agent, edited), { guard, identity })).toMatchObject({ status: 'unknown' })
  })

  test('guarded: asks about 50,000, also where the app restored the state itself and approved it', async () => {
    const { raw, done, agent, target, forge } = await guardedRun()
    await forge(await RunState.fromString(agent, raise(raw)))
    expect(done).toEqual([])
    const [asked] = await target.authorizationServer.controls.pendingRequests('ann')
    expect(asked?.bindingMessage).toBe('Transfer 50000')
  })
})

describe('a saved state that is approved two times', () => {
  test('bare: executes two times', async () => {
    const { saved, done, go } = await bareRun()
    await go(saved)
    await go(saved)
    expect(done).toEqual([50, 50])
  })

  test(verifies('A3', 'guarded: executes once, and the second run gets the same result'), async () => {
    const { saved, done, agent, guard, identity } = await guardedRun()
    for (const _ of ['first', 'second']) {
      const { status, state } = await resumed(await restoreRun(agent, saved), { guard, identity })
      expect(status).toBe('resolved')
      const { history } = await runner.run(agent, state)
      expect(JSON.stringify(history)).toContain('transferred 50')
    }
    expect(done).toEqual([50])
  })
})

describe('an approval that only the framework knows', () => {
  test('bare: executes what no person saw', async () => {
    const { saved, done, go } = await bareRun()
    await go(saved)
    expect(done).toEqual([50])
  })

  test(
    verifies('A3', 'guarded: executes nothing, even for all calls of the tool, and tells the model to wait'),
    async () => {
      const target = await world()
      const [guard, identity] = [target.guard(), await target.login()]
      const { plain, policies, done } = transfers()
      const tools = Object.values(guardTools({ transfer: plain }, { guard, policies, identity, threadId }))
      const agent = agentOf(asking(), { tools })
      const { state } = await runner.run(agent, 'Transfer 50')
      for (const item of state.getInterruptions()) state.approve(item, { alwaysApprove: true })
      const { history, interruptions } = await runner.run(agent, state)
      expect(interruptions).toEqual([])
      expect(JSON.stringify(history)).toContain('The user was asked to approve this action and has not answered.')
      expect(done).toEqual([])
    },
  )
})

describe('a token in the context of a run', () => {
  const context = { accessToken: 'canary-token-1f0c', user: 'ann' }

  test('bare: stands in the saved state as plain text, and is restored for any caller that resumes', async () => {
    const { saved, agent } = await bareRun(context)
    expect(saved).toContain('canary-token-1f0c')
    expect((await RunState.fromString(agent, saved))._context.context).toEqual(context)
  })

  test('guarded: is not in the saved run, and the context of the request that resumes is used', async () => {
    const { saved, agent } = await guardedRun(context)
    expect(saved).not.toContain('canary-token-1f0c')
    const restored = await restoreRun(agent, saved, { context: { user: 'of this request' } })
    expect(restored._context.context).toEqual({ user: 'of this request' })
  })

  test('guarded: a context that was written into a saved run is not restored', async () => {
    const { saved, agent } = await guardedRun(context)
    const forged = saved.replaceAll('"context":{}', '"context":{"user":"root"}')
    expect(forged).not.toBe(saved)
    expect((await restoreRun(agent, forged))._context.context).toEqual({})
  })

  test(verifies('I1', 'guarded: the run acts for the user who resumes, and for no user of the context'), async () => {
    const { saved, done, tools, forge, identity, target } = await guardedRun(context)
    const anonymous = agentOf(new ScriptedModel(), { tools: tools(undefined) })
    const unsigned = await forge(await restoreRun(anonymous, saved, { context: { ...context, identity } }))
    expect(JSON.stringify(unsigned.history)).toContain('The user has to sign in before this action can be done.')
    const bob = await target.login('bob')
    const his = agentOf(new ScriptedModel(), { tools: tools(bob) })
    const state = await restoreRun(his, saved)
    expect(await resumed(state, { guard: target.guard(), identity: bob })).toMatchObject({ status: 'unknown' })
    await forge(state)
    expect(done).toEqual([])
    expect(interruptsOf(await restoreRun(his, saved))).toMatchObject([{ interrupt: { message: 'Transfer 50' } }])
  })
})
