import {
  createMockOpenFga,
  type FgaTuple,
  type MadeUpWorld,
  type MockClient,
  type MockResource,
  type MockUser,
  TestingError,
} from '@behalf/testing'
import * as z from 'zod/mini'

/** A further person. */
export interface SeedUser {
  /**
   * `sub` at the app's issuer: 1 to 64 letters, digits, `_`, `.` or `-`. Ann's, Bob's and an earlier user's are
   * refused.
   */
  readonly subject: string
  /** Full name. @default the subject */
  readonly name?: string | undefined
  /** Address, by which the app's issuer finds the user of an ID-JAG. @default '<subject>@behalf.example' */
  readonly email?: string | undefined
  /** Roles in the tokens of the app's issuer. @default ['trader'] */
  readonly roles?: readonly string[] | undefined
  /** US dollars in their portfolio. @default 10_000 */
  readonly cash?: number | undefined
  /** Shares by symbol. @default none */
  readonly holdings?: Readonly<Record<string, number>> | undefined
  /** Whether the agent may act for them. @default true */
  readonly agent?: boolean | undefined
  /** Clients whose approvals they accept: their orders need no approved details. @default none */
  readonly trustedClients?: readonly string[] | undefined
}

/** People, clients, APIs and relations besides those that every sandbox has. */
export interface SandboxSeed {
  /** Further people, each with an account at all three issuers and a portfolio `p-<subject>`. @default none */
  readonly users?: readonly SeedUser[] | undefined
  /** Further clients at the app's issuer, such as an MCP server that exchanges its callers' tokens. @default none */
  readonly clients?: readonly MockClient[] | undefined
  /** Further APIs and MCP servers that the app's issuer issues tokens for. @default none */
  readonly resources?: readonly MockResource[] | undefined
  /** Further relations in OpenFGA. */
  readonly tuples?: readonly FgaTuple[] | undefined
}

const Name = z.string().check(z.minLength(1))
const Scope = z.string().check(z.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope has no spaces, quotes or backslashes'))

const Seed = z.strictObject({
  clients: z.optional(
    z.array(
      z.strictObject({
        clientId: Name,
        clientSecret: z.optional(Name),
        publicKeys: z.optional(z.array(z.looseObject({ kty: z.string() }))),
        redirectUris: z.optional(z.array(z.url())),
        grantTypes: z.optional(z.array(z.string())),
        scopes: z.optional(z.array(Scope)),
        api: z.optional(z.url()),
        actor: z.optional(z.strictObject({ subject: Name, profile: z.optional(z.string()) })),
        rotatesRefreshTokens: z.optional(z.boolean()),
        privilegedWorker: z.optional(z.boolean()),
        notificationEndpoint: z.optional(z.url()),
      }),
    ),
  ),
  resources: z.optional(
    z.array(
      z.strictObject({
        identifier: z.url().check(z.regex(/^[^#]+$/, 'a resource identifier has no fragment')),
        scopes: z.array(Scope),
        authorizationDetailsTypes: z.optional(z.array(z.string())),
        accessTokenSeconds: z.optional(z.int().check(z.positive())),
        opaque: z.optional(z.boolean()),
      }),
    ),
  ),
  users: z.optional(
    z.array(
      z.strictObject({
        subject: z.string().check(z.regex(/^\w[\w.-]{0,63}$/)),
        name: z.optional(z.string()),
        email: z.optional(z.string()),
        roles: z.optional(z.array(z.string())),
        cash: z.optional(z.number()),
        holdings: z.optional(z.record(z.string(), z.int())),
        agent: z.optional(z.boolean()),
        trustedClients: z.optional(z.array(z.string())),
      }),
    ),
  ),
  tuples: z.optional(
    z.array(
      z.strictObject({
        user: z.string(),
        relation: z.string(),
        object: z.string(),
        condition: z.optional(
          z.strictObject({ name: z.string(), context: z.optional(z.record(z.string(), z.unknown())) }),
        ),
      }),
    ),
  ),
})

/** @throws TestingError It is of another form, with the place that is wrong. */
export function checkSeed(seed: unknown): SandboxSeed {
  const parsed = Seed.safeParse(seed)
  if (parsed.success) return parsed.data as SandboxSeed
  const [issue] = parsed.error.issues
  throw new TestingError(`seed: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`)
}

/** Writes the relations of a seed to an OpenFGA of their own. @throws TestingError It refuses one; the message is its reason. */
export async function checkTuples({ tuples = [] }: SandboxSeed): Promise<void> {
  const { apiUrl, storeId, apiToken, handle } = createMockOpenFga()
  for (const [index, tuple] of tuples.entries()) {
    const response = await handle(
      new Request(`${apiUrl}/stores/${storeId}/write`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ writes: { tuple_keys: [tuple] } }),
      }),
    )
    if (response === undefined || response.ok) continue
    const { message } = (await response.json()) as { readonly message?: string }
    throw new TestingError(`seed: tuples.${index}: ${message}`)
  }
}

/**
 * Returns the world with more in it: people with accounts at all three issuers, a portfolio and their relations; clients;
 * and APIs.
 *
 * @throws TestingError A name is taken.
 */
export function seeded(
  world: MadeUpWorld,
  { users = [], clients = [], resources = [], tuples = [] }: SandboxSeed,
  issuers: SeedIssuers,
): MadeUpWorld {
  checkFree(
    'user',
    [...world.app.users, ...users].map(({ subject }) => subject),
  )
  checkFree(
    'client',
    [...world.app.clients, ...clients].map(({ clientId }) => clientId),
  )
  checkFree(
    'resource',
    [...world.app.resources, ...resources].map(({ identifier }) => identifier),
  )
  const named = (user: SeedUser): MockUser => ({
    subject: user.subject,
    name: user.name ?? user.subject,
    email: user.email ?? `${user.subject}@behalf.example`,
    roles: user.roles ?? ['trader'],
  })
  return {
    ...world,
    app: {
      users: [...world.app.users, ...users.map(named)],
      clients: [...world.app.clients, ...clients],
      resources: [...world.app.resources, ...resources],
    },
    upstream: {
      ...world.upstream,
      users: [
        ...world.upstream.users,
        ...users.map((user) => ({ subject: upstreamOf(user.subject), name: user.name ?? user.subject })),
      ],
    },
    enterprise: {
      ...world.enterprise,
      users: [...world.enterprise.users, ...users.map((user) => ({ ...named(user), subject: `emp-${user.subject}` }))],
    },
    accounts: [
      ...world.accounts,
      ...users.map(({ subject, cash = 10_000, holdings = {}, trustedClients }) => ({
        id: `acc-${subject}`,
        holders: [
          { issuer: issuers.app, subject },
          { issuer: issuers.upstream, subject: upstreamOf(subject) },
        ],
        portfolios: [{ id: `p-${subject}`, cash, holdings }],
        ...(trustedClients && { trustedClients }),
      })),
    ],
    tuples: (now) => {
      const all = world.tuples(now)
      return [...all, ...users.flatMap((user) => relationsLikeAnns(all, user)), ...tuples]
    },
  }
}

function checkFree(kind: string, names: readonly string[]): void {
  const taken = names.find((name, index) => names.indexOf(name) < index)
  if (taken !== undefined) throw new TestingError(`seed: there is a ${kind} ${JSON.stringify(taken)} already`)
}

export interface SeedIssuers {
  readonly app: string
  readonly upstream: string
}

export const upstreamOf = (subject: string): string => `st-${subject}`

/** Returns the relations of Ann, for these people. */
function relationsLikeAnns(all: readonly FgaTuple[], { subject, agent = true }: SeedUser): readonly FgaTuple[] {
  const rename = (name: string) =>
    name === 'user:ann' ? `user:${subject}` : name === 'portfolio:p-ann' ? `portfolio:p-${subject}` : name
  const isAnns = ({ user, object }: FgaTuple) => user === 'user:ann' || object === 'portfolio:p-ann'
  return all
    .filter((tuple) => isAnns(tuple) && (agent || tuple.relation === 'owner'))
    .map((tuple) => ({ ...tuple, user: rename(tuple.user), object: rename(tuple.object) }))
}
