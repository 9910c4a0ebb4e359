import { exportJWK, generateKeyPair } from 'jose'
import type { MockClient, MockResource, MockUser } from '../authorization-server/index.ts'
import type { FgaTuple } from '../open-fga/index.ts'
import type { StockAccount } from '../stock-trade/index.ts'
import type { ProtocolTarget, TargetClient, TargetUser } from './protocol-target.ts'

/** Addresses of a world's servers. */
export interface WorldPlaces {
  /** The app's issuer, as its tokens write it. */
  readonly issuer: string
  /** Issuer behind the vault's connection, as its tokens write it. */
  readonly upstreamIssuer: string
  /** Origin of the Stock Trade API. */
  readonly apiOrigin: string
  /** Address for notifications of the agent's client in ping mode. */
  readonly notificationEndpoint: string
}

/** The same people, agent, clients and accounts, wherever the servers are. */
export interface MadeUpWorld {
  /** Ann and Bob, at all three issuers. */
  readonly users: ProtocolTarget['users']
  /** The agent's name in `act`, in OpenFGA and in the audit: `agent:trader`. */
  readonly agentName: string
  /** Identifier of the agent's own API: audience of session access tokens. */
  readonly agentResource: string
  /** Identifier of an API whose access tokens are opaque. Its scope is `reports:read`. */
  readonly opaqueResource: string
  /** Name of the vault's connection to the upstream: `stocktrade`. */
  readonly connection: string
  /** The app's issuer. */
  readonly app: {
    readonly clients: readonly MockClient[]
    readonly users: readonly MockUser[]
    readonly resources: readonly MockResource[]
  }
  /** The issuer behind the vault's connection. */
  readonly upstream: {
    readonly clients: readonly [MockClient & { readonly clientSecret: string }, ...MockClient[]]
    readonly users: readonly MockUser[]
    readonly resources: readonly [MockResource]
  }
  /** The employer's issuer: it knows the same people by other names, and asserts them by `email`. */
  readonly enterprise: {
    readonly clients: readonly MockClient[]
    readonly users: readonly MockUser[]
    readonly resources: readonly MockResource[]
  }
  /** Credentials of the clients of the app's issuer. */
  readonly clients: ProtocolTarget['clients']
  /** Accounts at the Stock Trade API: one for Ann, one for Bob. */
  readonly accounts: readonly StockAccount[]
  /**
   * Relations in OpenFGA: Ann and Bob own their portfolios, and the agent acts for both for 30 days.
   *
   * @param now - Epoch milliseconds: mandates last from here.
   */
  tuples(now: number): readonly FgaTuple[]
}

const AGENT_NAME = 'agent:trader'
/** The agent's own API. */
export const AGENT_RESOURCE = 'https://agent.behalf.example/'
const OPAQUE_RESOURCE = 'https://reports.behalf.example/'
const REDIRECT_URI = 'https://agent.behalf.example/callback'
const STOCK_APP_REDIRECT_URI = 'https://agent.behalf.example/connections/callback/stocktrade'
const STOCK_APP_SECRET = 'stock-app-upstream-secret'
const MANDATE_DAYS = 30

const USERS = {
  ann: { subject: 'ann', upstreamSubject: 'st-1001', enterpriseSubject: 'emp-7', portfolio: 'p-ann' },
  bob: { subject: 'bob', upstreamSubject: 'st-2002', enterpriseSubject: 'emp-8', portfolio: 'p-bob' },
} as const satisfies Record<string, TargetUser>

/**
 * Makes the world that all targets share: `ann` and `bob`, the agent, its clients with fresh secrets and keys, and
 * the accounts at the Stock Trade API.
 */
export async function makeWorld(places: WorldPlaces): Promise<MadeUpWorld> {
  const api: MockResource = {
    identifier: `${places.apiOrigin}/`,
    scopes: ['portfolio:read', 'trade:write', 'trade:small'],
    authorizationDetailsTypes: ['stock_order'],
    accessTokenSeconds: 300,
  }
  const { known, held } = await makeClients(places)
  return {
    users: USERS,
    agentName: AGENT_NAME,
    agentResource: AGENT_RESOURCE,
    opaqueResource: OPAQUE_RESOURCE,
    connection: 'stocktrade',
    app: {
      clients: known,
      users: [
        { subject: 'ann', name: 'Ann Archer', email: 'ann@behalf.example', roles: ['trader'] },
        { subject: 'bob', name: 'Bob Baker', email: 'bob@behalf.example', roles: ['trader'] },
      ],
      resources: [
        { identifier: AGENT_RESOURCE, scopes: ['chat'], authorizationDetailsTypes: ['stock_order'] },
        api,
        { identifier: OPAQUE_RESOURCE, scopes: ['reports:read'], opaque: true },
      ],
    },
    upstream: {
      // The vault's refresh tokens do not rotate: several vaults of a test may hold the same one.
      clients: [
        { clientId: 'behalf-vault', clientSecret: crypto.randomUUID(), rotatesRefreshTokens: false },
        { clientId: 'stock-app', clientSecret: STOCK_APP_SECRET, redirectUris: [STOCK_APP_REDIRECT_URI] },
      ],
      users: [
        { subject: USERS.ann.upstreamSubject, name: 'Ann Archer' },
        { subject: USERS.bob.upstreamSubject, name: 'Bob Baker' },
      ],
      resources: [api],
    },
    enterprise: {
      clients: known.filter(({ clientId }) => clientId === held.agent.clientId),
      users: [
        { subject: USERS.ann.enterpriseSubject, name: 'Ann Archer', email: 'ann@behalf.example' },
        { subject: USERS.bob.enterpriseSubject, name: 'Bob Baker', email: 'bob@behalf.example' },
      ],
      resources: [{ identifier: AGENT_RESOURCE, scopes: ['chat'] }],
    },
    clients: { ...held, atUpstream: withSecret('stock-app', STOCK_APP_SECRET, STOCK_APP_REDIRECT_URI) },
    accounts: [
      account('acc-ann', USERS.ann, places, 100_000, { AAPL: 120, MSFT: 40 }),
      account('acc-bob', USERS.bob, places, 20_000, { GOOG: 15 }),
    ],
    tuples: makeTuples,
  }
}

/** Makes the clients of the app's issuer, in both views: the server's options, and the client's credentials. */
async function makeClients({ notificationEndpoint }: WorldPlaces): Promise<{
  readonly known: readonly MockClient[]
  readonly held: Omit<ProtocolTarget['clients'], 'atUpstream'>
}> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keyId = 'stock-agent-key-1'
  const publicKeys = [{ ...(await exportJWK(publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }]
  const agent = {
    redirectUris: [REDIRECT_URI],
    api: AGENT_RESOURCE,
    actor: { subject: AGENT_NAME, profile: 'ai_agent' },
  } as const
  const secret = 'stock-agent:s3cret/+%'
  return {
    known: [
      { ...agent, clientId: 'stock-agent', clientSecret: secret },
      { ...agent, clientId: 'stock-agent-ping', clientSecret: 'stock-agent-ping-secret', notificationEndpoint },
      { ...agent, clientId: 'stock-agent-key', publicKeys, privilegedWorker: true },
      { clientId: 'other-app', clientSecret: 'other-app-secret', redirectUris: ['https://other.example/callback'] },
      { clientId: 'stock-cli', redirectUris: ['http://127.0.0.1/callback'] },
    ],
    held: {
      agent: withSecret('stock-agent', secret, REDIRECT_URI),
      agentWithPing: withSecret('stock-agent-ping', 'stock-agent-ping-secret', REDIRECT_URI),
      agentWithKey: {
        clientId: 'stock-agent-key',
        authentication: { method: 'private_key_jwt', privateKey, algorithm: 'ES256', keyId },
        redirectUri: REDIRECT_URI,
      },
      other: withSecret('other-app', 'other-app-secret', 'https://other.example/callback'),
      public: { clientId: 'stock-cli', authentication: { method: 'none' }, redirectUri: 'http://127.0.0.1/callback' },
    },
  }
}

function withSecret(clientId: string, clientSecret: string, redirectUri: string): TargetClient {
  return { clientId, authentication: { method: 'client_secret_basic', clientSecret }, redirectUri }
}

/** An account at the exchange, known by its holder's `sub` at either issuer. */
function account(
  id: string,
  user: TargetUser,
  { issuer, upstreamIssuer }: WorldPlaces,
  cash: number,
  holdings: Readonly<Record<string, number>>,
): StockAccount {
  return {
    id,
    holders: [
      { issuer, subject: user.subject },
      { issuer: upstreamIssuer, subject: user.upstreamSubject },
    ],
    portfolios: [{ id: user.portfolio, cash, holdings }],
  }
}

/**
 * Makes the tuples: Ann and Bob own their portfolios. The agent acts for both, and may trade up to 1000 shares, for 30
 * days.
 */
function makeTuples(now: number): readonly FgaTuple[] {
  const expires_at = new Date(now + MANDATE_DAYS * 86_400_000).toISOString()
  return Object.values(USERS).flatMap(({ subject, portfolio }): readonly FgaTuple[] => [
    { user: `user:${subject}`, relation: 'owner', object: `portfolio:${portfolio}` },
    {
      user: `user:${subject}`,
      relation: 'acts_for',
      object: AGENT_NAME,
      condition: { name: 'unexpired', context: { expires_at } },
    },
    {
      user: AGENT_NAME,
      relation: 'agent_viewer',
      object: `portfolio:${portfolio}`,
      condition: { name: 'unexpired', context: { expires_at } },
    },
    {
      user: AGENT_NAME,
      relation: 'agent_trader',
      object: `portfolio:${portfolio}`,
      condition: {
        name: 'within_mandate',
        context: { expires_at, max_amount: 1000, symbols: ['AAPL', 'MSFT'], sides: ['buy', 'sell'] },
      },
    },
  ])
}
