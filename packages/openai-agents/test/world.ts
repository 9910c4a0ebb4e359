import { type Guard, type Identity, policy } from '@behalf/core'
import { type MockApp, startMockApp } from '@behalf/testing'
import { stockTools } from '@behalf/testing/contract'
import { Agent, type AgentConfiguration, Runner, tool } from '@openai/agents'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { type AnyRunState, type AnyTool, type GuardToolsOptions, guardTools, resumeWhenResolved } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'

const { policies: all, tools: stock } = stockTools()
const { get_stock_price, whoami, create_order } = all

export const policies = { get_stock_price, whoami, create_order }

const made = ({ inputSchema, ...rest }: (typeof stock)[keyof typeof stock], name: string) =>
  tool({ ...rest, name, parameters: inputSchema as never, errorFunction: null } as never) as AnyTool

/** Made again for each process, as an app's modules are. */
export const makeTools = () => ({
  get_stock_price: made(stock.get_stock_price, 'get_stock_price'),
  whoami: made(stock.whoami, 'whoami'),
  create_order: made(stock.create_order, 'create_order'),
})

export interface World extends MockApp {
  orders(portfolio?: string): Promise<number>
}

/** All servers, one store, and a clock that the test moves. Ends with the test. */
export async function world(): Promise<World> {
  const app = await startMockApp()
  onTestFinished(() => app.close())
  return {
    ...app,
    orders: async (portfolio = 'p-ann') => (await app.stockTrade.controls.orders(portfolio)).length,
  }
}

export const threadId = 'thread-1'
export const runner = new Runner({ tracingDisabled: true })

/** The stock agent's tools for one request. */
export const guarded = (guard: Guard, identity: GuardToolsOptions<unknown>['identity']) =>
  Object.values(guardTools(makeTools(), { guard, policies: policies as never, identity, threadId }))

export const agentOf = (model: ScriptedModel, over: Partial<AgentConfiguration>) =>
  new Agent({ name: 'trader', instructions: 'You trade shares.', model, ...over })

/** The person says yes, and the time passes until a poll is due. */
export async function approved({ authorizationServer, clock }: World): Promise<void> {
  await authorizationServer.controls.approve()
  clock.advance(10)
}

/** Looks up the question of a run, as the user who is signed in. */
export const resumed = <State extends AnyRunState>(
  state: State,
  { guard, identity }: { readonly guard: Guard; readonly identity: Identity },
) => resumeWhenResolved(state, { guard, identity, threadId })

const Transfer = z.strictObject({ amount: z.number() })

/** A tool that counts what it transfers, with an approval of the framework's own or of the guard's. */
export function transfers() {
  const done: number[] = []
  const bare = {
    name: 'transfer',
    description: 'Transfers an amount',
    parameters: Transfer,
    errorFunction: null,
    execute: async ({ amount }: z.infer<typeof Transfer>) => {
      done.push(amount)
      return `transferred ${amount}`
    },
  }
  return {
    done,
    bare: tool({ ...bare, needsApproval: true }),
    plain: tool(bare),
    policies: { transfer: policy(Transfer, { approval: { message: ({ input }) => `Transfer ${input.amount}` } }) },
  }
}

export const Nothing = z.strictObject({})
export const look = (over: object = {}) =>
  tool({
    name: 'look',
    description: 'x',
    parameters: Nothing,
    execute: async () => 'seen',
    ...over,
  } as never) as AnyTool

export async function optionsFor(over: object = {}) {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const options = { guard, identity, threadId, onError, policies: { look: policy(Nothing, {}) }, ...over }
  return { target, guard, identity, errors, options: options as GuardToolsOptions<{ look: AnyTool }> }
}

/** Runs one call of a tool, and returns what the model was told. */
export async function told(one: AnyTool, input: unknown = {}): Promise<string> {
  const model = new ScriptedModel([call('call-1', one.name, input)])
  const { history } = await runner.run(agentOf(model, { tools: [one] }), 'Go')
  const output = history.find((item) => item.type === 'function_call_result')
  return JSON.stringify(output)
}
