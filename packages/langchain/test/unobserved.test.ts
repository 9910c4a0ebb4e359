// What a user may not see is seen by no handler: neither one of the run, nor one that LangChain finds by itself.
import { may, object } from '@behalf/core'
import { BaseCallbackHandler } from '@langchain/core/callbacks/base'
import { awaitAllCallbacks } from '@langchain/core/callbacks/promises'
import { Document } from '@langchain/core/documents'
import { BaseRetriever } from '@langchain/core/retrievers'
import { RunnableLambda } from '@langchain/core/runnables'
import { tool } from '@langchain/core/tools'
import { Annotation, StateGraph } from '@langchain/langgraph'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { guardRetriever, guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { langSmith } from './langsmith.ts'
import { checker, Nothing, policies, verified, world } from './world.ts'

type Meta = { id: string }
const library = ['open-1', 'ann-1', 'bob-1'].map(
  (id) => new Document<Meta>({ pageContent: `text of ${id}`, metadata: { id } }),
)
const options = {
  permissions: checker,
  agent: 'agent:payer',
  permission: ({ metadata }: { readonly metadata: Meta }) => may('can_read', object('document', metadata.id)),
}

class Told extends BaseCallbackHandler {
  readonly name = 'told'
  override readonly awaitHandlers = true
  readonly texts: string[] = []
  override handleRetrieverEnd = (found: unknown) => void this.texts.push(JSON.stringify(found))
  override handleChainEnd = (found: unknown) => void this.texts.push(JSON.stringify(found))
  override handleToolEnd = (found: unknown) => void this.texts.push(JSON.stringify(found))
}

class Library extends BaseRetriever<Meta> {
  readonly lc_namespace = ['test']
  override async _getRelevantDocuments() {
    return library
  }
}

/** As retrievers are often written: others are asked inside, and no config is handed on. */
class Ensemble extends Library {
  override async _getRelevantDocuments() {
    return new Library().invoke('anything')
  }
}

const graphInside = new StateGraph(Annotation.Root({ found: Annotation<unknown> }))
  .addNode('search', async () => ({ found: await new Ensemble().invoke('anything') }))
  .addEdge('__start__', 'search')
  .compile()

class Graph extends Library {
  override async _getRelevantDocuments() {
    return (await graphInside.invoke({ found: [] })).found as typeof library
  }
}

class Invoked extends Library {
  override async invoke(query: string, config?: object) {
    const lambda = RunnableLambda.from(() => library)
    return lambda.invoke(query, config)
  }
}

const handler = new Told()
const sources = {
  'a retriever': new Library(),
  'a retriever with callbacks of its own': Object.assign(new Library(), { callbacks: [handler], verbose: true }),
  'a retriever that asks others': new Ensemble(),
  'a retriever that runs a graph': new Graph(),
  'a retriever with an invoke of its own': new Invoked(),
  'a search': () => new Ensemble().invoke('anything'),
}

const sent = langSmith()

beforeEach(() => {
  sent.length = 0
  handler.texts.length = 0
})

for (const [name, source] of Object.entries(sources)) {
  describe(name, () => {
    test('is seen neither by handlers, nor in events, nor in what is sent to LangSmith', async () => {
      const lines = vi.spyOn(console, 'log').mockImplementation(() => {})
      const retriever = guardRetriever(source as never, options)
      const look = tool(async () => JSON.stringify(await retriever.invoke('anything')), {
        name: 'look',
        description: 'Looks',
        schema: Nothing,
      })
      const run = agentWith(guardTools([look], { guard: world().guard(), policies }), [[call('a', 'look')]])
      const context = { identity: await verified() }
      const events: unknown[] = []
      const config = { ...run.thread, context, callbacks: [handler], version: 'v2', subgraphs: true } as const
      const input = { messages: [{ role: 'user', content: 'Go' }] }
      const stream: unknown = run.agent.streamEvents(input, config as never)
      for await (const event of stream as AsyncIterable<unknown>) events.push(event)
      await awaitAllCallbacks()
      const told = () =>
        [JSON.stringify(events), ...handler.texts, ...sent, JSON.stringify(lines.mock.calls)].join('\n')
      await vi.waitFor(() => expect(sent.join()).toContain('text of ann-1'), { timeout: 10_000 })
      expect(handler.texts.join()).toContain('text of ann-1')
      expect(told()).not.toContain('text of bob-1')
      lines.mockRestore()
    })
  })
}
