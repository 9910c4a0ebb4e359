import type { ModelStep, ScriptedCall } from '@behalf/testing/contract'
import { AIMessage } from '@langchain/core/messages'
import { FakeBuiltModel } from '@langchain/core/testing'

const toolCall = ({ id, tool, input }: ScriptedCall) => ({ id, name: tool, args: input as object })

type Tools = Parameters<FakeBuiltModel['bindTools']>[0]

/** LangChain's own fake model, which also tells what tools it was offered. Past the end of its script it says `Done.` */
export class ScriptedModel extends FakeBuiltModel {
  readonly offered: string[] = []

  constructor(steps: readonly ModelStep[]) {
    super()
    for (const step of steps) {
      if (typeof step === 'string') this.respond(new AIMessage(step))
      else this.respond(new AIMessage({ content: '', tool_calls: step.map(toolCall) }))
    }
    for (let more = 0; more < 20; more++) this.respond(new AIMessage('Done.'))
  }

  override bindTools(tools: Tools) {
    this.offered.push(...tools.map((tool) => ('name' in tool ? String(tool.name) : '')))
    return super.bindTools(tools)
  }

  /** All that it was sent, as JSON. */
  get saw(): string {
    return JSON.stringify(this.calls.map(({ messages }) => messages.map((message) => message.toDict())))
  }
}
