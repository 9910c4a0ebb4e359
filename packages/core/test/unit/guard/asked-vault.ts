import { Token } from '../../../src/credential/index.ts'
import type { Vault, VaultRequest } from '../../../src/entrypoints/vault.ts'
import type { Clock } from '../../../src/index.ts'

/** A vault that gives each caller a new token, and records the requests. Seconds from now by the clock. */
export function askedVault(
  clock: Clock,
  { expiresIn, recheckSeconds }: { readonly expiresIn?: number; readonly recheckSeconds?: number } = {},
) {
  const asked: VaultRequest[] = []
  const vault: Vault = {
    specificationVersion: 1,
    token: async (request) => {
      asked.push(request)
      return {
        status: 'token',
        token: new Token(`token-${asked.length}`),
        scopes: request.scopes,
        ...(expiresIn !== undefined && { expiresAt: clock.now() / 1000 + expiresIn }),
        ...(recheckSeconds !== undefined && { recheckSeconds }),
      }
    },
  }
  return { vault, asked }
}
