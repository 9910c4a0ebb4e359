import { expect, test } from 'vitest'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { open, useApi } from './open-credential.ts'

useApi()

test('an API that asks for its nonce when the call has ended is not asked again: its answer is the body’s', async () => {
  let requests = 0
  const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n-1' }
  const made = open({
    dpop: await generateDpopKey(),
    fetch: async () => {
      requests++
      // Its answer is on its way while the call ends.
      made.close()
      return new Response(null, { status: 401, headers: challenge })
    },
  })
  const response = await made.credential.fetch('https://api.example.com/orders')
  expect([response.status, requests]).toEqual([401, 1])
})
