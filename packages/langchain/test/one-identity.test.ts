import { ConfigurationError, currentIdentity, may, object, runAs } from '@behalf/core'
import { tool } from '@langchain/core/tools'
import { MessagesAnnotation, StateGraph } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import { guardRetriever, guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { checker, Nothing, policies, verified, world } from './world.ts'

const look = tool(() => JSON.stringify(currentIdentity()), { name: 'look', description: 'x', schema: Nothing })

const documents = ['ann-1', 'bob-1'].map((id) => ({ pageContent: id, metadata: { id } }))
const readable = {
  permissions: checker,
  agent: 'agent:payer',
  permission: ({ metadata }: { readonly metadata: { readonly id: string } }) =>
    may('can_read', object('document', metadata.id)),
}

test('tools that were made for one user refuse a run of another, and run for the same one', async () => {
  const errors: unknown[] = []
  const options = { guard: world().guard(), policies, onError: (error: unknown) => errors.push(error) }
  const tools = guardTools([look], { ...options, identity: await verified('ann') })
  const bob = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('bob') })
  expect(JSON.stringify(bob.messages)).toContain('This tool is not set up correctly.')
  expect(errors).toSatisfy((all: unknown[]) => all.length === 1 && ConfigurationError.isInstance(all[0]))
  const ann = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('ann') })
  expect(JSON.stringify(ann.messages)).toContain('ann')
})

test.each([
  ['the user', {}, { act: { sub: 'helper' } }],
  ['another agent', { act: { sub: 'helper' } }, { act: { sub: 'stranger' } }],
])('tools that were made for %s refuse a run of an agent of the same user', async (_, own, other) => {
  const options = { guard: world().guard(), policies, identity: await verified('ann', own) }
  const tools = guardTools([look], options)
  const refused = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('ann', other) })
  expect(JSON.stringify(refused.messages)).toContain('This tool is not set up correctly.')
  const same = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified('ann', own) })
  expect(JSON.stringify(same.messages)).toContain('subject')
})

test('a retriever that was made for one user refuses a run of another, and reads for the same one', async () => {
  const retriever = guardRetriever<{ id: string }>(async () => documents, {
    ...readable,
    identity: await verified('ann'),
    limit: 1,
  })
  const readAs = async (subject: string) =>
    retriever.invoke('anything', { context: { identity: await verified(subject) } } as never)
  await expect(readAs('bob')).rejects.toThrow('guardRetriever.identity')
  expect(await readAs('ann')).toEqual(documents.slice(0, 1))
})

test.each(['the code of a tool', 'a node', 'runAs'])(
  'a retriever that was made for one user refuses a search that %s makes for another one, with no configuration',
  async (where) => {
    const [ann, bob] = [await verified('ann'), await verified('bob')]
    const source = async (_: string, { skip }: { readonly skip: number }) => documents.slice(skip)
    const retrievers = [guardRetriever(source, { ...readable, identity: ann }), guardRetriever(source, readable)]
    const read: unknown[] = []
    const search = async () => {
      for (const retriever of retrievers) {
        read.push(await retriever.invoke('anything').catch((error: Error) => error.message))
      }
      return 'read'
    }
    const guarded = guardTools([tool(search, { name: 'look', description: 'x', schema: Nothing })], {
      guard: world().guard(),
      policies,
    })
    const node = new StateGraph(MessagesAnnotation)
      .addNode('search', async () => ({ messages: [await search()] }))
      .addEdge('__start__', 'search')
      .compile()
    if (where === 'runAs') await runAs(bob, search)
    else if (where === 'a node') await node.invoke({ messages: [] }, { context: { identity: bob } } as never)
    else await agentWith(guarded, [[call('a', 'look')]]).ask({ identity: bob })
    expect(read).toEqual([expect.stringContaining('guardRetriever.identity'), documents.slice(1)])
  },
)

test('a retriever and tools of one user are not those of the next one, for whom the app fills in the same options', async () => {
  const options = { ...readable, identity: await verified('ann') }
  const toolOptions = { guard: world().guard(), policies, identity: options.identity }
  const retriever = guardRetriever<{ id: string }>(async (_, { skip }) => documents.slice(skip), options)
  const tools = guardTools([look], toolOptions)
  options.identity = await verified('bob')
  toolOptions.identity = options.identity
  expect(await retriever.invoke('anything')).toEqual(documents.slice(0, 1))
  const run = await agentWith(tools, [[call('a', 'look')]]).ask({})
  expect(JSON.stringify(run.messages)).toContain('ann')
})

test('tools that are guarded already are refused', () => {
  const options = { guard: world().guard(), policies }
  expect(() => guardTools(guardTools([look], options), options)).toThrow('guarded already')
})
