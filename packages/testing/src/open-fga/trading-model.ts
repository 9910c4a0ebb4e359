import type { AuthorizationModel, TypeDefinition, TypeRestriction, Userset } from '@behalf/fga-engine'

/**
 * A relation: its rewrite, and the users that its tuples may name (`user:*`, `role#assignee`, `agent with unexpired`).
 */
type Relation = readonly [rewrite: Userset, ...takes: readonly string[]]

const direct: Userset = { this: {} }
const computed = (relation: string): Userset => ({ computedUserset: { relation } })
const from = (relation: string, tupleset: string): Userset => ({
  tupleToUserset: { computedUserset: { relation }, tupleset: { relation: tupleset } },
})
const anyOf = (...child: readonly Userset[]): Userset => ({ union: { child } })
const notSuspended = (base: Userset): Userset => ({ difference: { base, subtract: from('suspended', 'org') } })

function restriction(text: string): TypeRestriction {
  const [who = '', condition] = text.split(' with ')
  const [type = '', relation] = who.split('#')
  return {
    ...(type.endsWith(':*') ? { type: type.slice(0, -2), wildcard: {} } : { type }),
    ...(relation !== undefined && { relation }),
    ...(condition !== undefined && { condition }),
  }
}

function type(name: string, relations: Readonly<Record<string, Relation>> = {}): TypeDefinition {
  const entries = Object.entries(relations)
  if (entries.length === 0) return { type: name, relations: {}, metadata: null }
  return {
    type: name,
    relations: Object.fromEntries(entries.map(([relation, [rewrite]]) => [relation, rewrite])),
    metadata: {
      relations: Object.fromEntries(
        entries.map(([relation, [, ...takes]]) => [relation, { directly_related_user_types: takes.map(restriction) }]),
      ),
    },
  }
}

const parameter = (name: string) => ({ type_name: `TYPE_NAME_${name}` })
const listOfText = { type_name: 'TYPE_NAME_LIST', generic_types: [parameter('STRING')] }

/**
 * Trading model: users own, trade and view portfolios. Agents act for users, and view or trade under a mandate that
 * expires, unless their organization suspended them.
 *
 * `amount` and `max_amount` count shares. Limits are on tuples; `now` is the caller's clock.
 */
export const tradingModel: AuthorizationModel = {
  schema_version: '1.1',
  type_definitions: [
    type('user'),
    type('agent', { acts_for: [direct, 'user with unexpired'] }),
    type('group', { member: [direct, 'user', 'group#member'] }),
    type('role', { assignee: [direct, 'user', 'group#member'] }),
    type('organization', {
      admin: [direct, 'user', 'role#assignee'],
      suspended: [direct, 'agent', 'user'],
    }),
    type('tool', {
      org: [direct, 'organization'],
      user_can_call: [direct, 'user', 'user:*', 'role#assignee'],
      agent_can_call: [notSuspended(direct), 'agent', 'agent with unexpired'],
    }),
    type('portfolio', {
      org: [direct, 'organization'],
      owner: [direct, 'user'],
      trader: [direct, 'user', 'role#assignee'],
      viewer: [anyOf(direct, computed('trader'), computed('owner')), 'user', 'role#assignee'],
      user_can_view: [anyOf(computed('viewer'), from('admin', 'org'))],
      user_can_trade: [anyOf(computed('owner'), computed('trader'))],
      agent_viewer: [direct, 'agent with unexpired'],
      agent_trader: [direct, 'agent with within_mandate'],
      agent_can_view: [notSuspended(anyOf(computed('agent_viewer'), computed('agent_trader')))],
      agent_can_trade: [notSuspended(computed('agent_trader'))],
    }),
    type('document', {
      portfolio: [direct, 'portfolio'],
      viewer: [direct, 'user', 'role#assignee'],
      user_can_read: [anyOf(computed('viewer'), from('user_can_view', 'portfolio'))],
      agent_reader: [direct, 'agent with unexpired'],
      agent_can_read: [anyOf(computed('agent_reader'), from('agent_can_view', 'portfolio'))],
    }),
  ],
  conditions: {
    unexpired: {
      name: 'unexpired',
      expression: 'now < expires_at',
      parameters: { now: parameter('TIMESTAMP'), expires_at: parameter('TIMESTAMP') },
    },
    within_mandate: {
      name: 'within_mandate',
      expression: 'now < expires_at && amount > 0 && amount <= max_amount && symbol in symbols && side in sides',
      parameters: {
        now: parameter('TIMESTAMP'),
        expires_at: parameter('TIMESTAMP'),
        amount: parameter('INT'),
        max_amount: parameter('INT'),
        symbol: parameter('STRING'),
        symbols: listOfText,
        side: parameter('STRING'),
        sides: listOfText,
      },
    },
  },
}
