/** How a relation is decided. */
export type Rule =
  /** Tuples of these user types; `user:*`, `group#member` and `agent with unexpired` as in OpenFGA's language. */
  | { readonly direct: readonly string[] }
  /** Another relation on the same object. */
  | { readonly computed: string }
  /** `relation` on the objects that `tupleset` names. */
  | { readonly from: { readonly tupleset: string; readonly relation: string } }
  | { readonly anyOf: readonly Rule[] }
  | { readonly butNot: readonly [base: Rule, subtract: Rule] }

/** A model, as a table: type, relation, rule. */
export interface FgaModel {
  readonly types: Readonly<Record<string, Readonly<Record<string, Rule>>>>
  readonly conditions: Readonly<Record<string, FgaCondition>>
}

/** A condition's parameters and its expression. */
export interface FgaCondition {
  readonly parameters: Readonly<Record<string, 'timestamp' | 'int' | 'string' | 'list<string>'>>
  readonly holds: (values: Readonly<Record<string, unknown>>) => boolean
}

const notSuspended = (base: Rule): Rule => ({
  butNot: [base, { from: { tupleset: 'org', relation: 'suspended' } }],
})
const adminFromOrg: Rule = { from: { tupleset: 'org', relation: 'admin' } }

/**
 * The trading model: users own, trade and view portfolios; agents act for users, and view or trade under a
 * mandate that ends, unless their organization suspended them.
 */
export const tradingModel: FgaModel = {
  types: {
    user: {},
    agent: { acts_for: { direct: ['user with unexpired'] } },
    group: { member: { direct: ['user', 'group#member'] } },
    role: { assignee: { direct: ['user', 'group#member'] } },
    organization: {
      admin: { direct: ['user', 'role#assignee'] },
      suspended: { direct: ['agent', 'user'] },
    },
    tool: {
      org: { direct: ['organization'] },
      user_can_call: { direct: ['user', 'user:*', 'role#assignee'] },
      agent_can_call: notSuspended({ direct: ['agent', 'agent with unexpired'] }),
    },
    portfolio: {
      org: { direct: ['organization'] },
      owner: { direct: ['user'] },
      trader: { direct: ['user', 'role#assignee'] },
      viewer: { anyOf: [{ direct: ['user', 'role#assignee'] }, { computed: 'trader' }, { computed: 'owner' }] },
      user_can_view: { anyOf: [{ computed: 'viewer' }, adminFromOrg] },
      user_can_trade: { anyOf: [{ computed: 'owner' }, { computed: 'trader' }] },
      agent_viewer: { direct: ['agent with unexpired'] },
      agent_trader: { direct: ['agent with within_mandate'] },
      agent_can_view: notSuspended({ anyOf: [{ computed: 'agent_viewer' }, { computed: 'agent_trader' }] }),
      agent_can_trade: notSuspended({ computed: 'agent_trader' }),
    },
    document: {
      portfolio: { direct: ['portfolio'] },
      viewer: { direct: ['user', 'role#assignee'] },
      user_can_read: {
        anyOf: [{ computed: 'viewer' }, { from: { tupleset: 'portfolio', relation: 'user_can_view' } }],
      },
      agent_reader: { direct: ['agent with unexpired'] },
      agent_can_read: {
        anyOf: [{ computed: 'agent_reader' }, { from: { tupleset: 'portfolio', relation: 'agent_can_view' } }],
      },
    },
  },
  conditions: {
    unexpired: {
      parameters: { now: 'timestamp', expires_at: 'timestamp' },
      holds: (values) => {
        const { now, expires_at } = values as unknown as Pick<Mandate, 'now' | 'expires_at'>
        return now < expires_at
      },
    },
    within_mandate: {
      parameters: {
        now: 'timestamp',
        expires_at: 'timestamp',
        amount: 'int',
        max_amount: 'int',
        symbol: 'string',
        symbols: 'list<string>',
        side: 'string',
        sides: 'list<string>',
      },
      holds: (values) => {
        const mandate = values as unknown as Mandate
        return (
          mandate.now < mandate.expires_at &&
          mandate.amount > 0 &&
          mandate.amount <= mandate.max_amount &&
          mandate.symbols.includes(mandate.symbol) &&
          mandate.sides.includes(mandate.side)
        )
      },
    },
  },
}

interface Mandate {
  readonly now: number
  readonly expires_at: number
  readonly amount: number
  readonly max_amount: number
  readonly symbol: string
  readonly symbols: readonly string[]
  readonly side: string
  readonly sides: readonly string[]
}
