import * as z from 'zod'
import { oidc } from '../../../../src/entrypoints/providers.ts'
import { createGuard, defineTool, type Guard } from '../../../../src/index.ts'

// A reader of the guide has these: a profile, a guard, a tool, a session.
export const profile = oidc({ issuer: 'https://as.example.com', clientId: 'agent-app', clientSecret: 's' })
export const guard: Guard = createGuard({ authorizationServer: profile, agent: { name: 'agent:notes' } })
export const whoami = defineTool({
  name: 'whoami',
  description: 'Says who you are.',
  input: z.strictObject({}),
  run: (_input, { identity }) => (identity?.kind === 'user' ? identity.subject : 'no user'),
})

/** In the shape of Auth.js's `getToken`: the decrypted session cookie, which the browser cannot read. */
export async function getToken({ req }: { req: Request; secret?: string | undefined }) {
  const cookie = req.headers.get('cookie')?.replace('session=', '')
  return cookie === undefined ? null : { accessToken: cookie }
}
