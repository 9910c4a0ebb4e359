import { coversEachEntryPoint, type Entries, port, readsInTime, type Watch } from '@behalf/testing/late-reads'
import * as fgaEngine from '../../src/index.ts'
import { within } from '../models/within.ts'

const { createEngine, createHandler, memoryTuples } = fgaEngine

const model = (): fgaEngine.AuthorizationModel => ({
  schema_version: '1.1',
  conditions: within(),
  type_definitions: [
    { type: 'user' },
    {
      type: 'account',
      relations: { payer: { this: {} } },
      metadata: { relations: { payer: { directly_related_user_types: [{ type: 'user', condition: 'within' }] } } },
    },
  ],
})
const anns = () => ({
  user: 'user:ann',
  relation: 'payer',
  object: 'account:1',
  condition: { name: 'within', context: { limit: 10 } },
})
const circumstances = () => ({ context: { amount: 5 }, contextualTuples: [anns()] })
const { condition: _, ...key } = anns()
const asked = () => ({ ...key, ...circumstances() })
const STORE = '01KAZ000000000000000000001'

function engine(watch: Watch, method: keyof fgaEngine.FgaEngine, given: object) {
  const ask = createEngine({ model: model() })[method] as (question: object) => Promise<unknown>
  return watch.call(() => ask(watch.given(given, 'question')))
}

const entries: Entries = {
  createEngine: [
    (watch) => {
      const options = { model: model(), tuples: [anns()], timeoutMs: 5000 }
      return watch.call(() => createEngine(watch.given(options))).check({ ...key, context: { amount: 5 } })
    },
    true,
  ],
  'engine.check': [(watch) => engine(watch, 'check', asked()), true],
  'engine.explain': [(watch) => engine(watch, 'explain', asked()), { verdict: 'allowed' }],
  'engine.batchCheck': [
    async (watch) => {
      const answers = await engine(watch, 'batchCheck', [{ ...asked(), correlationId: 'a' }])
      return (answers as ReadonlyMap<string, unknown>).get('a')
    },
    { allowed: true },
  ],
  'engine.listObjects': [
    (watch) =>
      engine(watch, 'listObjects', { user: 'user:ann', relation: 'payer', type: 'account', ...circumstances() }),
    ['account:1'],
  ],
  'engine.listUsers': [
    (watch) =>
      engine(watch, 'listUsers', { object: 'account:1', relation: 'payer', filter: 'user', ...circumstances() }),
    ['user:ann'],
  ],
  'engine.read': [(watch) => engine(watch, 'read', { object: 'account:1', pageSize: 5 }), { tuples: [] }],
  'engine.write': [(watch) => engine(watch, 'write', { writes: [anns()], deletes: [] }), undefined],
  createHandler: [
    async (watch) => {
      const options = {
        engine: port(createEngine({ model: model() })),
        storeId: STORE,
        basePath: '',
        apiToken: 'a-token',
      }
      const handler = watch.call(() => createHandler(watch.given(options)))
      const headers = { authorization: 'Bearer a-token' }
      return (await handler(new Request(`https://fga.example/stores/${STORE}/authorization-models`, { headers })))
        .status
    },
    200,
  ],
  memoryTuples: [
    async (watch) => {
      const tuples = watch.call(() => memoryTuples(watch.given([anns()], 'tuples'), watch.given({ now: () => 0 })))
      return [tuples.all(), tuples.page({ size: 1 }).tuples]
    },
    [[anns()], [{ writtenAt: 0 }]],
  ],
  handlerFetch: [
    async (watch) => {
      const init = { method: 'POST', headers: { a: 'b' }, body: 'text' }
      const sent = fgaEngine.handlerFetch(async (request) => new Response(await request.text()))
      return (await watch.call(() => sent('https://fga.example/', watch.given(init, 'init')))).text()
    },
    'text',
  ],
}

readsInTime(entries)

coversEachEntryPoint({
  modules: [fgaEngine],
  objects: () => {
    const made = createEngine({ model: model() })
    return { engine: made, tuples: memoryTuples() }
  },
  tables: [entries],
  exempt: [
    // They return their answer; what the source keeps it copies and freezes.
    ...['explanationText', 'tuples.tuplesOf', 'tuples.tuple', 'tuples.objectsOf', 'tuples.page', 'tuples.change'],
    ...['tuples.all', 'tuples.put', 'tuples.drop', 'tuples.clear'],
    'engine.ready',
  ],
})
