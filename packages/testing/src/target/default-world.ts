import { exportJWK, generateKeyPair } from 'jose'
import type { MockClient, MockResource, MockUser } from '../authorization-server/index.ts'
import type { FgaTuple } from '../open-fga/index.ts'
import type { StockAccount } from '../stock-trade/index.ts'
import type { ProtocolTarget, TargetClient, TargetUser } from './protocol-target.ts'

export const ISSUER = 'https://tenant.behalf.example/'
export const UPSTREAM_ISSUER = 'https://login.stocktrade.example/'
export const AGENT_RESOURCE = 'https://agent.behalf.example/'
export const API_ORIGIN = 'https://api.stocktrade.example'
export const API_RESOURCE = 'https://api.stocktrade.example/'
export const AGENT_NAME = 'agent:trader'
export const CONNECTION = 'stocktrade'
/** The vault's client at the upstream. */
export const VAULT_CLIENT = 'behalf-vault'

const REDIRECT_URI = 'https://agent.behalf.example/callback'
const MANDATE_DAYS = 30

export const USERS = {
  ann: { subject: 'ann', upstreamSubject: 'st-1001', portfolio: 'p-ann' },
  bob: { subject: 'bob', upstreamSubject: 'st-2002', portfolio: 'p-bob' },
} as const satisfies Record<string, TargetUser>

export const APP_USERS: readonly MockUser[] = [
  { subject: 'ann', name: 'Ann Archer', email: 'ann@behalf.example', roles: ['trader'] },
  { subject: 'bob', name: 'Bob Baker', email: 'bob@behalf.example', roles: ['trader'] },
]

export const UPSTREAM_USERS: readonly MockUser[] = [
  { subject: 'st-1001', name: 'Ann Archer' },
  { subject: 'st-2002', name: 'Bob Baker' },
]

export const API: MockResource = {
  identifier: API_RESOURCE,
  scopes: ['portfolio:read', 'trade:write', 'trade:small'],
  authorizationDetailsTypes: ['stock_order'],
  accessTokenSeconds: 300,
}

export const APP_RESOURCES: readonly MockResource[] = [{ identifier: AGENT_RESOURCE, scopes: ['chat'] }, API]

/** The clients of the app's issuer, in both views: what the server knows, and what the client holds. */
export async function makeClients(): Promise<{
  readonly known: readonly MockClient[]
  readonly held: ProtocolTarget['clients']
}> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keyId = 'stock-agent-key-1'
  const agent = {
    redirectUris: [REDIRECT_URI],
    api: AGENT_RESOURCE,
    actor: { subject: AGENT_NAME, profile: 'ai_agent' },
  } as const
  return {
    known: [
      { ...agent, clientId: 'stock-agent', clientSecret: 'stock-agent:s3cret/+%' },
      {
        ...agent,
        clientId: 'stock-agent-key',
        publicKeys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }],
      },
      { clientId: 'other-app', clientSecret: 'other-app-secret', redirectUris: ['https://other.example/callback'] },
      { clientId: 'stock-cli', redirectUris: ['http://127.0.0.1/callback'] },
    ],
    held: {
      agent: withSecret('stock-agent', 'stock-agent:s3cret/+%', REDIRECT_URI),
      agentWithKey: {
        clientId: 'stock-agent-key',
        authentication: { method: 'private_key_jwt', privateKey, algorithm: 'ES256', keyId },
        redirectUri: REDIRECT_URI,
      },
      other: withSecret('other-app', 'other-app-secret', 'https://other.example/callback'),
      public: {
        clientId: 'stock-cli',
        authentication: { method: 'none' },
        redirectUri: 'http://127.0.0.1/callback',
      },
    },
  }
}

function withSecret(clientId: string, clientSecret: string, redirectUri: string): TargetClient {
  return { clientId, authentication: { method: 'client_secret_basic', clientSecret }, redirectUri }
}

/** Ann and Bob each have an account, known by their `sub` at either issuer. */
export const ACCOUNTS: readonly StockAccount[] = [
  account('acc-ann', USERS.ann, 100_000, { AAPL: 120, MSFT: 40 }),
  account('acc-bob', USERS.bob, 20_000, { GOOG: 15 }),
]

function account(id: string, user: TargetUser, cash: number, holdings: Readonly<Record<string, number>>): StockAccount {
  return {
    id,
    holders: [
      { issuer: ISSUER, subject: user.subject },
      { issuer: UPSTREAM_ISSUER, subject: user.upstreamSubject },
    ],
    portfolios: [{ id: user.portfolio, cash, holdings }],
  }
}

/** Ann and Bob own their portfolios; the agent acts for both, and may trade up to 1000 shares, for 30 days. */
export function makeTuples(now: number): readonly FgaTuple[] {
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
