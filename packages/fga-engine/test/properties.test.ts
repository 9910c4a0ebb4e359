import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AuthorizationModel, createEngine, type Tuple, type TypeRestriction, type Userset } from '../src/index.ts'
import { naiveEvaluator } from './naive-evaluator.ts'

// Relations in layers: one reads only itself and those after it, and only those after it where it subtracts or
// intersects. So a bottom-up evaluation has a meaning. Circles through usersets and parents stay possible.
const TYPES = ['document', 'folder', 'group']
const RELATIONS = ['d', 'c', 'b', 'a']
const IDS = ['1', '2', '3']
const PEOPLE = ['user:ann', 'user:bob', 'user:*']
const LABELS = TYPES.flatMap((type) => RELATIONS.map((relation) => `${type}#${relation}`))

const later = (label: string) => LABELS.slice(LABELS.indexOf(label) + 1)
const sameType = (label: string) => later(label).filter((other) => other.split('#')[0] === label.split('#')[0])

function rewriteOf(label: string): fc.Arbitrary<Userset> {
  const self: fc.Arbitrary<Userset> = fc.constant({ this: {} })
  const computed = sameType(label).map((other) =>
    fc.constant<Userset>({ computedUserset: { relation: nameOf(other) } }),
  )
  const parents = later(label)
    .filter((other) => other.split('#')[0] === nextType(label))
    .map((other) =>
      fc.constant<Userset>({
        tupleToUserset: { tupleset: { relation: 'parent' }, computedUserset: { relation: nameOf(other) } },
      }),
    )
  const leaf = fc.oneof(self, self, ...computed, ...parents)
  return fc.oneof(
    leaf,
    fc.array(leaf, { minLength: 2, maxLength: 3 }).map((child) => ({ union: { child } })),
    fc.array(leaf, { minLength: 2, maxLength: 3 }).map((child) => ({ intersection: { child } })),
    fc.tuple(leaf, leaf).map(([base, subtract]) => ({ difference: { base, subtract } })),
  )
}

const nameOf = (label: string) => label.split('#')[1] ?? ''
const nextType = (label: string) => TYPES[TYPES.indexOf(label.split('#')[0] ?? '') + 1]

/** Usersets of a relation may name itself only where nothing is subtracted or intersected on the way back. */
function takesOf(label: string, userset: Userset): readonly TypeRestriction[] {
  const self = userset.this !== undefined || userset.union !== undefined ? [label] : []
  return [
    { type: 'user' },
    { type: 'user', wildcard: {} },
    ...[...self, ...later(label)].map((other) => ({ type: other.split('#')[0] ?? '', relation: nameOf(other) })),
  ]
}

const models: fc.Arbitrary<AuthorizationModel> = fc.tuple(...LABELS.map(rewriteOf)).map((rewrites) => ({
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    ...TYPES.map((type) => {
      const own = LABELS.flatMap((label, index) =>
        label.startsWith(`${type}#`) ? [[label, rewrites[index] as Userset] as const] : [],
      )
      const parent = nextType(`${type}#`)
      return {
        type,
        relations: {
          ...Object.fromEntries(own.map(([label, userset]) => [nameOf(label), userset])),
          ...(parent !== undefined && { parent: { this: {} } }),
        },
        metadata: {
          relations: {
            ...Object.fromEntries(
              own.map(([label, userset]) => [
                nameOf(label),
                {
                  directly_related_user_types: JSON.stringify(userset).includes('"this"')
                    ? takesOf(label, userset)
                    : [],
                },
              ]),
            ),
            ...(parent !== undefined && { parent: { directly_related_user_types: [{ type: parent }] } }),
          },
        },
      }
    }),
  ],
}))

const id = fc.constantFrom(...IDS)
const userset = fc.tuple(fc.constantFrom(...LABELS), id).map(([label, number]) => {
  const [type, relation] = label.split('#')
  return `${type}:${number}#${relation}`
})
const grants = fc
  .tuple(fc.constantFrom(...LABELS), id, fc.oneof(fc.constantFrom(...PEOPLE), fc.constantFrom(...PEOPLE), userset))
  .map(([label, number, user]) => ({ object: `${label.split('#')[0]}:${number}`, relation: nameOf(label), user }))
const links = fc.tuple(fc.constantFrom('document', 'folder'), id, id).map(([type, child, parent]) => ({
  object: `${type}:${child}`,
  relation: 'parent',
  user: `${nextType(`${type}#`)}:${parent}`,
}))
const tupleLists = fc.array(fc.oneof(grants, grants, links), { minLength: 12, maxLength: 40 })

/** Those that a server would take. */
async function accepted(model: AuthorizationModel, tuples: readonly Tuple[]) {
  const engine = createEngine({ model })
  const taken: Tuple[] = []
  for (const tuple of tuples) {
    const written = await engine.write({ writes: [tuple] }).then(
      () => true,
      () => false,
    )
    if (written) taken.push(tuple)
  }
  return { engine, taken }
}

test('the engine says what a naive second evaluator says, on random models and tuples', async () => {
  let yes = 0
  await fc.assert(
    fc.asyncProperty(models, tupleLists, userset, async (model, tuples, group) => {
      const { engine, taken } = await accepted(model, tuples)
      const users = [
        ...PEOPLE,
        ...LABELS.flatMap((label) => IDS.map((number) => label.replace('#', `:${number}#`))),
        group,
      ]
      const holds = naiveEvaluator(model, taken, users)
      for (const user of [...PEOPLE, group]) {
        for (const label of LABELS) {
          const relation = nameOf(label)
          const type = label.split('#')[0] ?? ''
          const allowed: string[] = []
          for (const number of IDS) {
            const object = `${type}:${number}`
            const answer = await engine.check({ user, relation, object })
            expect({ user, relation, object, answer }).toEqual({
              user,
              relation,
              object,
              answer: holds(user, relation, object),
            })
            if (answer) allowed.push(object)
          }
          yes += allowed.length
          expect([...(await engine.listObjects({ user, relation, type }))].sort()).toEqual(allowed)
        }
      }
    }),
    { numRuns: 60 },
  )
  // A comparison of nothing but denials would say little.
  expect(yes).toBeGreaterThan(500)
})

test('tuples that come with a question count as stored ones do', async () => {
  await fc.assert(
    fc.asyncProperty(models, tupleLists, userset, async (model, tuples, group) => {
      const { engine, taken } = await accepted(model, tuples)
      const empty = createEngine({ model })
      for (const user of [...PEOPLE, group]) {
        for (const label of LABELS) {
          const question = { user, relation: nameOf(label), object: `${label.split('#')[0]}:1` }
          expect(await empty.check({ ...question, contextualTuples: taken })).toBe(await engine.check(question))
        }
      }
    }),
    { numRuns: 30 },
  )
})

test('list users names those whom a check allows', async () => {
  await fc.assert(
    fc.asyncProperty(models, tupleLists, async (model, tuples) => {
      const { engine } = await accepted(model, tuples)
      for (const label of LABELS) {
        const question = { relation: nameOf(label), object: `${label.split('#')[0]}:1` }
        const listed = new Set(await engine.listUsers({ ...question, filter: 'user' }))
        for (const user of listed) expect(await engine.check({ ...question, user })).toBe(true)
        for (const user of ['user:ann', 'user:bob']) {
          const allowed = await engine.check({ ...question, user })
          if (allowed) expect(listed.has(user) || listed.has('user:*')).toBe(true)
        }
      }
    }),
    { numRuns: 30 },
  )
})
