import { verifies } from '@behalf/testing/requirements'
import { describe, expect, vi } from 'vitest'
import { Token } from '../../src/credential/index.ts'
import { api, open } from '../unit/credential/open-credential.ts'
import { useIssuer } from '../unit/resource-server/api.ts'
import { callerWith, makeGate, order, place, typeOf, under } from '../unit/resource-server/gate.ts'

useIssuer()

/** An order with signs that a header cannot carry as they are. */
const wide = { ...order, note: 'für "Ann" \\ 株' }

/** Refuses a caller without approved details. @returns its answer, and the parameters of its challenge */
async function refused(asked: typeof order, details: readonly unknown[] = []) {
  const handler = place()
  const response = await makeGate().runApproved(under('k'), await callerWith(details), asked, handler)
  expect(handler).not.toHaveBeenCalled()
  const challenge = response.headers.get('www-authenticate') ?? ''
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  )
  return { response, challenge, parameters }
}

const decoded = (value: string | undefined) => JSON.parse(Buffer.from(value ?? '', 'base64url').toString('utf8'))

describe('the approval gate', () => {
  verifies('RAR-REMEDIATION-4-error', 'for other details than the order, and for none', async () => {
    for (const details of [[], [{ ...order, quantity: 49 }]]) {
      const { response, challenge, parameters } = await refused(order, details)
      expect(challenge).toMatch(/^Bearer error="insufficient_authorization", /)
      expect(parameters).toMatchObject({ error: 'insufficient_authorization', error_description: expect.any(String) })
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await typeOf(response)).toEqual([401, 'insufficient_authorization'])
    }
  })

  verifies('RAR-REMEDIATION-4-details', 'a token that was granted them passes', async () => {
    const { parameters } = await refused(wide)
    expect(parameters.authorization_remediation).toMatch(/^[\w-]+$/)
    const { authorization_details: details } = decoded(parameters.authorization_remediation)
    expect(details).toEqual([wide])
    expect((await makeGate().runApproved(under('k'), await callerWith(details), wide, place())).status).toBe(201)
  })

  verifies('RAR-REMEDIATION-4-details', 'an order too long for a header is refused without them', async () => {
    const { response, parameters } = await refused({ ...order, symbol: 'A'.repeat(5000) })
    expect([response.status, parameters.error]).toEqual([401, 'insufficient_authorization'])
    expect(parameters).not.toHaveProperty('authorization_remediation')
  })

  verifies('RAR-REMEDIATION-4-single-use', 'beside the details', async () => {
    const { parameters } = await refused(order)
    expect(Object.keys(decoded(parameters.authorization_remediation))).toEqual(['authorization_details'])
  })
})

describe('a credential', () => {
  verifies('RAR-REMEDIATION-7.1-no-loop', 'the body gets the answer of the API', async () => {
    const { response: refusal } = await refused(order)
    const send = vi.fn(async () => refusal)
    const refresh = vi.fn(async () => ({ token: new Token('second'), scopes: [] }))
    const { credential } = open({ refresh, fetch: send })
    const response = await credential.fetch(`${api}/orders`, { method: 'POST', body: '{}' })
    expect(await typeOf(response)).toEqual([401, 'insufficient_authorization'])
    expect(refresh).not.toHaveBeenCalled()
    expect(send).toHaveBeenCalledTimes(1)
  })
})
