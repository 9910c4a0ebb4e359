import type { AuthorizationModel, TypeRestriction, Userset } from '../../src/index.ts'

const self: Userset = { this: {} }
const computed = (relation: string): Userset => ({ computedUserset: { relation } })
const from = (tupleset: string, relation: string): Userset => ({
  tupleToUserset: { tupleset: { relation: tupleset }, computedUserset: { relation } },
})
const user: TypeRestriction = { type: 'user' }

type Relations = Readonly<Record<string, readonly [Userset, ...TypeRestriction[]]>>

/** A model of `user` and one more type. */
function one(relations: Relations, over: Partial<AuthorizationModel> = {}, type = 'document'): AuthorizationModel {
  const entries = Object.entries(relations)
  return {
    schema_version: '1.1',
    type_definitions: [
      { type: 'user' },
      {
        type,
        relations: Object.fromEntries(entries.map(([name, [rewrite]]) => [name, rewrite])),
        metadata: {
          relations: Object.fromEntries(
            entries.map(([name, [, ...takes]]) => [name, { directly_related_user_types: takes }]),
          ),
        },
      },
    ],
    ...over,
  }
}

const small = { name: 'small', expression: 'size < 10', parameters: { size: { type_name: 'TYPE_NAME_INT' } } }

/** Models that OpenFGA does not let be written. */
export const refusedModels: readonly (readonly [name: string, model: AuthorizationModel])[] = [
  ['no types', { schema_version: '1.1', type_definitions: [] }],
  ['a schema that does not exist', { ...one({ viewer: [self, user] }), schema_version: '1.0' }],
  ['a type twice', { schema_version: '1.1', type_definitions: [{ type: 'user' }, { type: 'user' }] }],
  ['a type called self', one({ viewer: [self, user] }, {}, 'self')],
  ['a type called this', one({ viewer: [self, user] }, {}, 'this')],
  ['a type without a name', one({ viewer: [self, user] }, {}, '')],
  ['a type with a colon', one({ viewer: [self, user] }, {}, 'a:b')],
  ['a relation called self', one({ self: [self, user] })],
  ['a relation called this', one({ this: [self, user] })],
  ['a relation with a blank', one({ 'can view': [self, user] })],
  ['a relation of 51 characters', one({ ['a'.repeat(51)]: [self, user] })],
  ['a relation without a rewrite', one({ viewer: [{}, user] })],
  ['a union of one', one({ viewer: [{ union: { child: [self] } }, user] })],
  ['an intersection of none', one({ viewer: [{ intersection: { child: [] } }, user] })],
  ['a direct relation that takes nothing', one({ viewer: [self] })],
  [
    'a relation that is direct in part and takes nothing',
    one({ owner: [self, user], viewer: [{ union: { child: [self, computed('owner')] } }] }),
  ],
  ['a computed relation that takes users', one({ owner: [self, user], viewer: [computed('owner'), user] })],
  ['a type that does not exist', one({ viewer: [self, { type: 'robot' }] })],
  ['a userset that does not exist', one({ viewer: [self, user, { type: 'user', relation: 'member' }] })],
  ['a condition that does not exist', one({ viewer: [self, { type: 'user', condition: 'small' }] })],
  ['a computed relation that does not exist', one({ viewer: [computed('owner')] })],
  ['a tupleset that does not exist', one({ viewer: [from('parent', 'viewer')] })],
  [
    'a tupleset that is computed',
    one({ owner: [self, { type: 'document' }], parent: [computed('owner')], viewer: [from('parent', 'owner')] }),
  ],
  [
    'a tupleset of everybody',
    one({
      parent: [self, { type: 'document', wildcard: {} }],
      owner: [self, user],
      viewer: [from('parent', 'owner')],
    }),
  ],
  [
    'a tupleset of usersets',
    one({
      parent: [self, { type: 'document' }, { type: 'document', relation: 'owner' }],
      owner: [self, user],
      viewer: [from('parent', 'owner')],
    }),
  ],
  ['a relation of no parent', one({ parent: [self, user], viewer: [from('parent', 'owner')] })],
  ['a relation computed from itself', one({ viewer: [computed('viewer')] })],
  ['a circle of two', one({ viewer: [computed('editor')], editor: [computed('viewer')] })],
  [
    'a circle with a way in',
    one({
      viewer: [{ union: { child: [self, computed('editor')] } }, user],
      editor: [{ union: { child: [self, computed('viewer')] } }, user],
    }),
  ],
  ['a userset of itself alone', one({ viewer: [self, { type: 'document', relation: 'viewer' }] })],
  ['a parent of its own alone', one({ parent: [self, { type: 'document' }], viewer: [from('parent', 'viewer')] })],
  [
    'an intersection with a relation that no user has',
    one({
      parent: [self, { type: 'document' }],
      viewer: [{ intersection: { child: [self, from('parent', 'viewer')] } }, user],
    }),
  ],
  [
    'an exclusion of a relation that no user has',
    one({
      parent: [self, { type: 'document' }],
      viewer: [{ difference: { base: self, subtract: from('parent', 'viewer') } }, user],
    }),
  ],
  ['a condition by another name', one({ viewer: [self, user] }, { conditions: { large: small } })],
  [
    'a parameter of no type',
    one(
      { viewer: [self, user] },
      { conditions: { small: { ...small, parameters: { size: { type_name: 'TYPE_NAME_LIST' } } } } },
    ),
  ],
  [
    'an expression that does not parse',
    one({ viewer: [self, user] }, { conditions: { small: { ...small, expression: 'size <' } } }),
  ],
]
