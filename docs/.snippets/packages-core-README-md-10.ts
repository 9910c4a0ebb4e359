









import { createGuard, oidc, policy, resource, verifyAccessToken } from '@behalf/core'
import * as z from 'zod'

const issuer = oidc({ issuer: 'https://login.example.com', clientId: 'agent', clientSecret: process.env.SECRET ?? '' })
const guard = createGuard({ authorizationServer: issuer, agent: { name: 'agent:notes', ceiling: ['notes:read'] } })

const readNotes = policy(z.strictObject({ topic: z.string() }), {
  access: { notes: resource('https://notes.example.com', { scopes: ['notes:read'] }) },
})

export async function call(token: string, input: unknown) {
  const identity = await verifyAccessToken(token, { authorizationServer: issuer, audience: 'https://agent.example.com' })
  return guard.run(readNotes, { tool: 'read_notes', slot: 'job-1', input, identity }, async ({ topic }, { access }) => {
    const response = await access.notes.fetch(`https://notes.example.com/topics/${encodeURIComponent(topic)}`)
    return response.json()
  })
}











