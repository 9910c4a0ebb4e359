import { verifies } from '@behalf/testing/requirements'
import { delay, HttpResponse } from 'msw'
import { describe, expect } from 'vitest'
import { InvalidObjectError, TransportError } from '../../src/base/errors/index.ts'
import { may } from '../../src/permissions/openfga/may.ts'
import { nameBySubject, object } from '../../src/permissions/openfga/object.ts'
import { ann, checker, everything, fgaServer, MODEL, question } from '../unit/permissions/fga-server.ts'

const fga = fgaServer()
const single = question({ subjects: 'user' })

/** Answers a single check with this text, whatever was asked. */
const answersCheck = (text: string, init: ResponseInit = {}) =>
  fga.misbehave(() => new Response(text, { headers: { 'content-type': 'application/json' }, ...init }))

describe('OpenFGA: models, consistency, names', () => {
  verifies('OPENFGA-Model-pinned', 'check and batch-check name the model', async () => {
    await checker().check(single)
    await checker().check(question())
    expect(fga.sent.map(({ body }) => body.authorization_model_id)).toEqual([MODEL, MODEL])
  })

  verifies('OPENFGA-Model-header', "another model's answer denies", async () => {
    const headers = { 'Openfga-Authorization-Model-Id': '01KAZ000000000000000OTHER0' }
    answersCheck('{"allowed":true}', { headers })
    const decision = await checker().check(single)
    expect(decision).toMatchObject({ allowed: false, checks: [{ problem: 'another authorization model answered' }] })
  })

  verifies('OPENFGA-Model-header', 'no header at all is fine: proxies drop it', async () => {
    answersCheck('{"allowed":true}')
    expect((await checker().check(single)).allowed).toBe(true)
  })

  verifies('OPENFGA-Consistency-write', 'calls with side effects ask for it', async () => {
    await checker().check(question({ effect: 'write' }))
    expect(fga.sent[0]?.body.consistency).toBe('HIGHER_CONSISTENCY')
  })

  verifies('OPENFGA-Names-id', 'an injected id makes no object', () => {
    for (const id of ['*', 'p1#owner', 'user:ann', 'p 1', 'p\t1']) {
      expect(() => object('portfolio', id)).toThrow(InvalidObjectError)
    }
  })

  verifies('OPENFGA-Names-length', 'too long a name is refused before it is sent', () => {
    expect(() => object('portfolio', 'x'.repeat(247))).toThrow(InvalidObjectError)
    expect(() => nameBySubject(undefined)({ ...ann, subject: 'x'.repeat(508) })).toThrow(InvalidObjectError)
    expect(() => may('r'.repeat(51), object('portfolio', 'p1'))).toThrow('relation')
  })
})

describe('OpenFGA: errors', () => {
  for (const [status, code] of [
    [400, 'validation_error'],
    [409, 'Aborted'],
    [422, 'something_else'],
  ] as const) {
    verifies('OPENFGA-Errors-refused', `${status} ${code} denies at once and says why`, async () => {
      fga.misbehave(() => HttpResponse.json({ code, message: 'because' }, { status }))
      const decision = await checker().check(question())
      expect(decision.allowed).toBe(false)
      expect(decision.checks[0]?.problem).toContain(String(status))
      expect(decision.checks[0]?.problem).toContain(code)
      expect(fga.sent).toHaveLength(1)
    })
  }

  for (const [status, code, option] of [
    [400, 'authorization_model_not_found', 'openFga.authorizationModelId'],
    [401, 'bearer_token_missing', 'openFga.credentials'],
    [403, 'forbidden', 'openFga.credentials'],
    [404, 'store_id_not_found', 'openFga.storeId'],
  ] as const) {
    verifies(
      'OPENFGA-Errors-refused',
      `${status} ${code} is a fault of the set-up at once, and says which`,
      async () => {
        fga.misbehave(() => HttpResponse.json({ code, message: 'because' }, { status }))
        const fault = {
          code: 'ERR_CONFIGURATION',
          option,
          message: expect.stringMatching(`${status}.*${code}.*because`),
        }
        await expect(checker().check(question())).rejects.toMatchObject(fault)
        expect(fga.sent).toHaveLength(1)
      },
    )
  }

  const outages: readonly (readonly [string, () => Response])[] = [
    ['429', () => new HttpResponse(null, { status: 429 })],
    ['500', () => HttpResponse.json({ code: 'internal_error', message: 'x' }, { status: 500 })],
    ['502 html', () => new HttpResponse('<html>{"allowed":true}</html>', { status: 502 })],
    ['503 with an allow', () => HttpResponse.json({ allowed: true }, { status: 503 })],
    ['422 throttled', () => HttpResponse.json({ code: 'throttled_timeout_error', message: 'x' }, { status: 422 })],
    ['reset', () => HttpResponse.error() as unknown as Response],
  ]
  for (const [name, response] of outages) {
    verifies('OPENFGA-Errors-outage', `${name}: three tries, then an outage and no refusal`, async () => {
      fga.misbehave(response)
      await expect(checker().check(question())).rejects.toThrow(TransportError)
      expect(fga.sent).toHaveLength(3)
    })

    verifies('OPENFGA-Errors-outage', `${name} twice, then the answer`, async () => {
      fga.know(...everything)
      fga.misbehave(() => (fga.sent.length < 3 ? response() : undefined))
      expect((await checker().check(question())).allowed).toBe(true)
    })
  }

  verifies('OPENFGA-Errors-outage', '501 is not repeated: it will not change', async () => {
    fga.misbehave(() => new HttpResponse(null, { status: 501 }))
    await expect(checker().check(question())).rejects.toThrow(TransportError)
    expect(fga.sent).toHaveLength(1)
  })

  verifies('OPENFGA-Errors-late', 'a slow answer is no answer, even if it allows', async () => {
    fga.know(...everything)
    fga.misbehave(async () => {
      await delay(400)
      return undefined as never
    })
    const started = performance.now()
    await expect(checker({ timeoutMs: 100 }).check(question())).rejects.toThrow(TransportError)
    expect(performance.now() - started).toBeLessThan(350)
  })

  verifies('OPENFGA-Errors-late', 'the deadline is for all tries together', async () => {
    fga.misbehave(async () => {
      await delay(150)
      return new HttpResponse(null, { status: 503 })
    })
    const started = performance.now()
    await expect(checker({ timeoutMs: 250 }).check(question())).rejects.toThrow(TransportError)
    expect(performance.now() - started).toBeLessThan(500)
  })

  verifies('OPENFGA-Errors-late', 'a body that never ends is cut off', async () => {
    const endless = () => Promise.resolve(new Response(new ReadableStream({ pull: () => new Promise(() => {}) })))
    await expect(checker({ timeoutMs: 100, fetch: endless }).check(question())).rejects.toThrow(TransportError)
  })
})
