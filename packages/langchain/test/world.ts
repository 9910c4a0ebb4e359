import { generateKeyPairSync, sign } from 'node:crypto'
import {
  createGuard,
  type Fetch,
  type Guard,
  type GuardOptions,
  may,
  memoryStore,
  object,
  policy,
  publicTool,
  type UserIdentity,
  verifyAccessToken,
} from '@behalf/core'
import type { ApprovalChannel } from '@behalf/core/channels'
import type { AccessChecker } from '@behalf/core/fga'
import { oidc } from '@behalf/core/providers'
import * as z from 'zod'

const ISSUER = 'https://issuer.example'
const AUDIENCE = 'https://agent.example'
const profile = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret', algorithms: ['ES256'] })
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const documents: Readonly<Record<string, object>> = {
  '/.well-known/openid-configuration': {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/jwks`,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  },
  '/jwks': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] },
}
const fetch: Fetch = async (input) => Response.json(documents[new URL(String(input)).pathname] ?? {})

/** A user whose token was verified. */
export async function verified(subject = 'ann', more: Readonly<Record<string, unknown>> = {}): Promise<UserIdentity> {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: ISSUER,
    sub: subject,
    aud: AUDIENCE,
    client_id: 'agent',
    iat: now,
    exp: now + 3600,
    jti: '1',
    ...more,
  }
  const signed = `${part({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const token = `${signed}.${signature.toString('base64url')}`
  const identity = await verifyAccessToken(token, { authorizationServer: profile, audience: AUDIENCE, fetch })
  if (identity.kind !== 'user') throw new TypeError('a user was expected')
  return identity
}

export const Amount = z.strictObject({ amount: z.number() })
export const ById = z.strictObject({ id: z.string() })
export const Nothing = z.strictObject({})

export const policies = {
  ping: publicTool(Nothing),
  look: policy(Nothing, {}),
  note: policy(Amount, { effect: 'write' }),
  pay: policy(Amount, { approval: { message: ({ input }) => `Pay ${input.amount}` } }),
  pay_soon: policy(Amount, {
    approval: { message: ({ input }) => `Pay ${input.amount}` },
    wait: { maxSeconds: 10 },
  }),
  read: policy(ById, {
    permission: ({ input }) => may('can_read', object('document', input.id)),
  }),
}

/** A guard with nothing behind a network: a person who answers when the test says so, and a checker that knows `open-…`. */
export function world() {
  const questions: string[] = []
  let answer: 'pending' | 'approved' | 'denied' = 'pending'
  let aheadMs = 0
  const clock = { now: () => Date.now() + aheadMs }
  const channel: ApprovalChannel = {
    specificationVersion: 2,
    ask: async ({ message }) => {
      questions.push(message)
      return { state: {}, interval: 0.01 }
    },
    poll: async () => (answer === 'pending' ? { status: 'pending', interval: 0.01 } : { status: answer }),
  }
  const store = memoryStore({ clock })
  return {
    questions,
    answer(next: typeof answer) {
      answer = next
    },
    /** Lets time pass, until the channel may be looked at again. */
    pass() {
      aheadMs += 10_000
    },
    guard: (over: Partial<GuardOptions> = {}): Guard =>
      createGuard({
        authorizationServer: profile,
        agent: { name: 'agent:payer' },
        approvals: channel,
        permissions: checker,
        store,
        fetch,
        clock,
        timeoutMs: 60_000,
        ...over,
      }),
  }
}

export const checker: AccessChecker = {
  singleIssuer: true,
  async check({ permissions, identity }) {
    const checks = permissions.map(({ relation, object: name }) => ({
      question: `${relation} ${name}`,
      allowed:
        name.startsWith('document:open-') ||
        (identity.kind === 'user' && name.startsWith(`document:${identity.subject}-`)),
    }))
    return { allowed: checks.every(({ allowed }) => allowed), checks }
  },
}

/** Lets other work go on, in real time. */
export const soon = () => new Promise((resolve) => setTimeout(resolve, 30))
