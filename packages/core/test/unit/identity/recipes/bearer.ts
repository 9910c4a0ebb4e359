import type { IdentityOf } from '../../../../src/entrypoints/identity.ts'
import { verifyRequest } from '../../../../src/index.ts'
import { profile } from './setup.ts'

export const identityOf: IdentityOf = (request) =>
  verifyRequest(request, { authorizationServer: profile, audience: 'https://agent.example.com' })
