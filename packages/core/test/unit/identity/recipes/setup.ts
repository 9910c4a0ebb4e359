import * as z from 'zod'
import { oidc } from '../../../../src/entrypoints/providers.ts'
import { type Call, createGuard, type Guard, policy } from '../../../../src/index.ts'

// What the guide's page takes for granted, and its readers have: a profile, a guard, a policy, a session.
export const profile = oidc({ issuer: 'https://as.example.com', clientId: 'agent-app', clientSecret: 's' })
export const guard: Guard = createGuard({ authorizationServer: profile, agent: { name: 'agent:notes' } })
export const policies = { whoami: policy(z.strictObject({}), {}) }
export const whoami = async (_input: object, call?: Call) => {
  const identity = call?.identity
  return identity?.kind === 'user' ? identity.subject : 'nobody'
}

/** In the shape of Auth.js's `getToken`: the decrypted session cookie, which the browser cannot read. */
export async function getToken({ req }: { req: Request; secret?: string | undefined }) {
  const cookie = req.headers.get('cookie')?.replace('session=', '')
  return cookie === undefined ? null : { accessToken: cookie }
}
