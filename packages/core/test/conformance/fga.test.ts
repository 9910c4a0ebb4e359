import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { describe, expect } from 'vitest'
import { TransportError } from '../../src/base/errors/index.ts'
import { may } from '../../src/permissions/openfga/may.ts'
import { object } from '../../src/permissions/openfga/object.ts'
import { API, checker, everything, fgaServer, question, type Sent } from '../unit/permissions/fga-server.ts'

const fga = fgaServer()
const single = question({ subjects: 'user' })

/** Answers a single check with this text, whatever was asked. */
const answersCheck = (text: string, init: ResponseInit = {}) =>
  fga.misbehave(() => new Response(text, { headers: { 'content-type': 'application/json' }, ...init }))

/** Answers a batch; the right results are there to spoil. */
const answersBatch = (spoil: (results: Record<string, unknown>, ids: readonly string[]) => unknown) =>
  fga.misbehave(({ body }: Sent) => {
    const right = fga.answerTo(body) as { result: Record<string, unknown> }
    return HttpResponse.json({ result: spoil(right.result, Object.keys(right.result)) } as never)
  })

describe('OpenFGA: Check', () => {
  for (const text of [
    '{"allowed":"true"}',
    '{"allowed":"false"}',
    '{"allowed":1}',
    '{"allowed":null}',
    '{"allowed":{"value":true}}',
    '{"allowed":[true]}',
  ]) {
    verifies('OPENFGA-Check-allowed', `${text} denies`, async () => {
      answersCheck(text)
      const decision = await checker().check(single)
      expect(decision).toMatchObject({ allowed: false, checks: [{ allowed: false, problem: expect.any(String) }] })
      expect(fga.sent).toHaveLength(1)
    })
  }

  verifies('OPENFGA-Check-allowed', 'allowed: true allows, allowed: false denies without a problem', async () => {
    answersCheck('{"allowed":true}')
    expect((await checker().check(single)).allowed).toBe(true)
    answersCheck('{"allowed":false,"resolution":""}')
    expect((await checker().check(single)).checks).toEqual([
      { question: 'user:ann user_can_view portfolio:p1', allowed: false },
    ])
  })

  for (const text of ['{}', '{"Allowed":true}', '{"result":{"allowed":true}}']) {
    verifies('OPENFGA-Check-missing', `${text} denies`, async () => {
      answersCheck(text)
      expect((await checker().check(single)).allowed).toBe(false)
    })
  }

  for (const text of ['<html>allowed: true</html>', '', 'true', '[{"allowed":true}]', 'null', '{"allowed":true}{']) {
    verifies('OPENFGA-Check-json', `200 with ${text || 'nothing'} denies`, async () => {
      answersCheck(text, { headers: { 'content-type': 'text/html' } })
      const decision = await checker().check(single)
      expect(decision).toMatchObject({ allowed: false, checks: [{ problem: expect.any(String) }] })
    })
  }

  for (const status of [301, 302, 303, 307, 308]) {
    verifies(['OPENFGA-Check-redirect', 'F1'], `${status} to an allow denies`, async () => {
      let followed = false
      fga.server.use(
        http.all(`${API}/always`, () => {
          followed = true
          return HttpResponse.json({ allowed: true })
        }),
      )
      fga.misbehave(() => new Response('{"allowed":true}', { status, headers: { location: `${API}/always` } }))
      const decision = await checker().check(single)
      expect(decision).toMatchObject({ allowed: false, checks: [{ problem: 'the answer was redirected' }] })
      expect(followed).toBe(false)
    })
  }

  verifies(
    ['OPENFGA-Check-redirect', 'F1'],
    'an injected fetch that follows redirects gets no allow through',
    async () => {
      const follows = async () =>
        Object.defineProperty(Response.json({ allowed: true }), 'redirected', { value: true }) as Response
      expect((await checker({ fetch: follows }).check(single)).allowed).toBe(false)
    },
  )

  for (const text of [
    '{"allowed":false,"allowed":true}',
    '{"allowed":true,"allowed":true}',
    '{"allowed":false, "\\u0061llowed" : true}',
  ]) {
    verifies('OPENFGA-Check-duplicate', `${text} denies`, async () => {
      answersCheck(text)
      const decision = await checker().check(single)
      expect(decision).toMatchObject({ allowed: false, checks: [{ problem: 'the answer names a key twice' }] })
    })
  }

  verifies('OPENFGA-Check-duplicate', 'text that only looks like keys is no second key', async () => {
    answersCheck(String.raw`{"allowed":true,"resolution":"\"allowed\": {\"a\":1}, \\","list":["a",":","b: ",{"c":[]}]}`)
    expect((await checker().check(single)).allowed).toBe(true)
  })
})

describe('OpenFGA: BatchCheck', () => {
  verifies('OPENFGA-BatchCheck-correlation_id', 'ids are unique, short, and differ between batches', async () => {
    await checker().check(question())
    await checker().check(question())
    const ids = fga.sent.flatMap(({ body }) => body.checks?.map((item) => item.correlation_id ?? '') ?? [])
    expect(ids).toHaveLength(6)
    expect(new Set(ids).size).toBe(6)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9-]{1,36}$/)
  })

  verifies('OPENFGA-BatchCheck-size', '101 questions make three requests of at most 50', async () => {
    const permissions = Array.from({ length: 50 }, (_, index) => may('can_view', object('portfolio', `p${index}`)))
    await checker().check(question({ permissions }))
    // They travel at once, and arrive as they may.
    expect(fga.sent.map(({ body }) => body.checks?.length ?? 1).sort()).toEqual([1, 50, 50])
  })

  for (const position of [0, 1, 2]) {
    verifies('OPENFGA-BatchCheck-missing', `result ${position} is absent`, async () => {
      fga.know(...everything)
      answersBatch((results, ids) => {
        delete results[ids[position] as string]
        return results
      })
      const decision = await checker().check(question())
      expect(decision.allowed).toBe(false)
      expect(decision.checks.map((check) => check.allowed)).toEqual([0, 1, 2].map((index) => index !== position))
      expect(decision.checks[position]?.problem).toBe('the answer leaves this out')
    })
  }

  for (const result of [{}, [], null, 'true', true]) {
    verifies('OPENFGA-BatchCheck-missing', `result: ${JSON.stringify(result)}`, async () => {
      fga.know(...everything)
      answersBatch(() => result)
      expect((await checker().check(question())).checks.some((check) => check.allowed)).toBe(false)
    })
  }

  verifies('OPENFGA-BatchCheck-duplicate', 'a no and a yes under one id', async () => {
    fga.know(...everything.slice(1))
    fga.misbehave(({ body }) => {
      const ids = body.checks?.map((item) => item.correlation_id) ?? []
      const results = [`"${ids[0]}":{"allowed":false}`, ...ids.map((id) => `"${id}":{"allowed":true}`)]
      return new Response(`{"result":{${results.join(',')}}}`)
    })
    const decision = await checker().check(question())
    expect(decision.checks).toMatchObject([
      { allowed: false, problem: 'the answer names a key twice' },
      { allowed: false },
      { allowed: false },
    ])
  })

  verifies('OPENFGA-BatchCheck-foreign', 'a batch with other ids is no answer', async () => {
    answersBatch((_, ids) => Object.fromEntries(ids.map((_id, index) => [`other-${index}`, { allowed: true }])))
    expect((await checker().check(question())).allowed).toBe(false)
  })

  verifies('OPENFGA-BatchCheck-foreign', 'a name that every object has is no result', async () => {
    answersBatch(() => JSON.parse('{"__proto__":{"allowed":true}}'))
    expect((await checker().check(question())).allowed).toBe(false)
  })

  for (const item of ['true', true, null, [], {}, { allowed: 'true' }, { allowed: 1 }, { error: 'x', allowed: true }]) {
    verifies('OPENFGA-BatchCheck-item', `${JSON.stringify(item)} denies`, async () => {
      fga.know(...everything)
      answersBatch((results, ids) => ({ ...results, [ids[1] as string]: item }))
      const decision = await checker().check(question())
      expect(decision.allowed).toBe(false)
      expect(decision.checks.map((check) => check.allowed)).toEqual([true, false, true])
      expect(decision.checks[1]?.problem).toEqual(expect.any(String))
    })
  }

  verifies('OPENFGA-BatchCheck-error', 'an input error denies, even beside allowed: true', async () => {
    fga.know(...everything)
    answersBatch((results, ids) => ({
      ...results,
      [ids[2] as string]: { allowed: true, error: { input_error: 'validation_error', message: 'no such relation' } },
    }))
    const decision = await checker().check(question())
    expect(decision.allowed).toBe(false)
    expect(decision.checks[2]?.problem).toContain('no such relation')
  })

  const internal = { error: { internal_error: 'deadline_exceeded', message: 'too slow' } }

  verifies('OPENFGA-BatchCheck-internal_error', 'is an outage where nothing else denies', async () => {
    fga.know(...everything)
    answersBatch((results, ids) => ({ ...results, [ids[0] as string]: internal }))
    await expect(checker().check(question())).rejects.toThrow(TransportError)
  })

  verifies('OPENFGA-BatchCheck-internal_error', 'is a denial where another check is denied', async () => {
    fga.know(...everything.slice(0, 2))
    answersBatch((results, ids) => ({ ...results, [ids[0] as string]: internal }))
    expect((await checker().check(question())).allowed).toBe(false)
  })
})
