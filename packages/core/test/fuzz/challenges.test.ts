import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BehalfError, type StepUpRequiredError } from '../../src/base/errors/index.ts'
import { createCredential, Token } from '../../src/credential/index.ts'
import { generateDpopKey } from '../../src/oauth/client/dpop-key.ts'
import { settled, share } from './runs.ts'

const origin = 'https://api.example.com'
const SECRET = 'the-credential-of-the-call-0123'
const dpop = await generateDpopKey()

const words = fc.constantFrom(
  ...['Bearer', 'DPoP', 'Basic', 'bearer', 'Negotiate', 'error', 'scope', 'acr_values', 'max_age', 'realm', 'nonce'],
  ...['="insufficient_scope"', '="insufficient_user_authentication"', '="use_dpop_nonce"', '="a b"', '="-1"', '="1e9"'],
  ...['=', '=,', ',', ' ', '"', '\\', '\\"', '=="', ';', '==', 'abc', `="${SECRET}"`],
)
const header = fc.oneof(
  { arbitrary: fc.array(words, { maxLength: 14 }).map((list) => list.join(' ')), weight: 3 },
  { arbitrary: fc.array(words, { maxLength: 14 }).map((list) => list.join('')), weight: 3 },
  fc.string({ unit: fc.constantFrom(...'aB0 ,="\\;:/-_~()<>@[]{}'), maxLength: 60 }),
  fc.nat(20_000).map((length) => `Bearer error="${'x'.repeat(length)}"`),
)
const nonces = fc.option(fc.string({ unit: fc.constantFrom(...'aB0-._~ "\\'), maxLength: 20 }), { nil: undefined })

const rules = share(10)
test('whatever an API asks for, its answer comes back, or a step-up of ours', rules, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(200, 401, 403),
      header,
      nonces,
      fc.boolean(),
      async (status, text, nonce, bound) => {
        let requests = 0
        const fetch = async () => {
          requests++
          const headers = { 'www-authenticate': text, ...(nonce !== undefined && { 'dpop-nonce': nonce }) }
          return new Response('body', { status, headers })
        }
        const { credential } = createCredential({
          name: 'trade',
          origins: [origin],
          issued: { token: new Token(SECRET), scopes: ['a'], ...(bound && { dpop }) },
          fetch,
          onRawToken: () => undefined,
        })
        const result = await settled<Response>(credential.fetch(`${origin}/orders`), [SECRET])
        // Once more for a nonce, and never for anything else: there is no fresh token here.
        expect(requests).toBeLessThanOrEqual(bound ? 2 : 1)
        if (!BehalfError.isInstance(result)) {
          expect(result.status).toBe(status)
          return
        }
        expect(result.code).toBe('ERR_STEP_UP_REQUIRED')
        expect(status).not.toBe(200)
        const { maxAge } = (result as StepUpRequiredError).stepUp
        expect(maxAge === undefined || (Number.isSafeInteger(maxAge) && maxAge >= 0)).toBe(true)
      },
    ),
    rules,
  )
})
