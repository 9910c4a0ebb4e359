import { IdentityRequiredError, may, object, runAs, TransportError } from '@behalf/core'
import { Document } from '@langchain/core/documents'
import { BaseRetriever } from '@langchain/core/retrievers'
import { tool } from '@langchain/core/tools'
import { expect, test } from 'vitest'
import { guardRetriever, guardTools, type SearchPage } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { checker, Nothing, policies, verified, world } from './world.ts'

const ids = ['open-1', 'ann-1', 'bob-1', 'open-2', 'ann-2', 'bob-2']
const library = ids.map((id) => new Document({ pageContent: `text of ${id}`, metadata: { id } }))

class Library extends BaseRetriever<{ id: string }> {
  readonly lc_namespace = ['test']
  override async _getRelevantDocuments() {
    return library
  }
}

const options = {
  permissions: checker,
  agent: 'agent:payer',
  permission: ({ metadata }: { readonly metadata: { readonly id: string } }) =>
    may('can_read', object('document', metadata.id)),
}
const found = (documents: readonly { readonly metadata: { readonly id: string } }[]) =>
  documents.map(({ metadata }) => metadata.id)

test('gives what user and agent may read, in its order, for the identity of the run', async () => {
  const retriever = guardRetriever(new Library(), options)
  for (const subject of ['ann', 'bob']) {
    const context = { identity: await verified(subject) }
    const documents = await retriever.invoke('anything', { context } as never)
    expect(found(documents)).toEqual(['open-1', `${subject}-1`, 'open-2', `${subject}-2`])
  }
})

test('inside a guarded tool it reads for the identity of the call', async () => {
  const retriever = guardRetriever(new Library(), options)
  const look = tool(async () => found(await retriever.invoke('anything')).join(), {
    name: 'look',
    description: 'Looks',
    schema: Nothing,
  })
  const run = agentWith(guardTools([look], { guard: world().guard(), policies }), [[call('a', 'look')]])
  await run.ask({ identity: await verified('bob') })
  expect(run.model.saw).toContain('open-1,bob-1,open-2,bob-2')
  expect(await runAs(await verified(), async () => found(await retriever.invoke('x')))).toContain('ann-1')
})

test('withheld documents reach neither callbacks nor a stream of events', async () => {
  const retriever = guardRetriever(new Library(), { ...options, identity: await verified() })
  const events: unknown[] = []
  for await (const event of retriever.streamEvents('anything', { version: 'v2' })) events.push(event)
  expect(JSON.stringify(events)).toContain('text of ann-1')
  expect(JSON.stringify(events)).not.toContain('bob')
})

test('a search is asked for more of its ranking where too little is allowed', async () => {
  const pages: Omit<SearchPage, 'signal'>[] = []
  const many = Array.from({ length: 60 }, (_, index) => `${index < 40 ? 'bob' : 'ann'}-${index}`)
  const search = async (_: string, { skip, count }: SearchPage) => {
    pages.push({ skip, count })
    return many.slice(skip, skip + count).map((id) => new Document({ pageContent: id, metadata: { id } }))
  }
  const retriever = guardRetriever(search, { ...options, limit: 3, identity: await verified() })
  expect(found(await retriever.invoke('anything'))).toEqual(['ann-40', 'ann-41', 'ann-42'])
  expect(pages.length).toBeGreaterThan(1)
})

test('without a verified identity, or an answer about permissions, there are no documents', async () => {
  const retriever = guardRetriever(new Library(), options)
  await expect(retriever.invoke('anything')).rejects.toThrow(IdentityRequiredError)
  const copy = { ...(await verified()) }
  await expect(retriever.invoke('anything', { context: { identity: copy } } as never)).rejects.toThrow(
    IdentityRequiredError,
  )
  const away = guardRetriever(new Library(), {
    ...options,
    identity: await verified(),
    permissions: { check: () => Promise.reject(new TransportError('away')) },
  })
  await expect(away.invoke('anything')).rejects.toThrow(TransportError)
})

test('two runs at once do not mix', async () => {
  const retriever = guardRetriever(new Library(), options)
  const users = await Promise.all(['ann', 'bob', 'ann', 'bob'].map((user) => verified(user)))
  const all = await Promise.all(users.map((identity) => retriever.invoke('x', { context: { identity } } as never)))
  for (const [index, documents] of all.entries()) expect(found(documents)).toContain(`${users[index]?.subject}-1`)
  for (const [index, documents] of all.entries()) {
    expect(found(documents)).not.toContain(`${users[index]?.subject === 'ann' ? 'bob' : 'ann'}-1`)
  }
})
