import { describe, expect, test } from 'vitest'
import { app, ORIGIN, onlyQuestion, pick } from './app.ts'

describe('where an answer may come from (CSRF)', () => {
  test.each([
    ['another site', { origin: 'https://evil.example' }],
    ['another site that says nothing of its origin', { origin: 'null' }],
    ['another site of the same company', { origin: 'https://other.app.example', 'sec-fetch-site': 'same-site' }],
    ['a browser that says cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['a link or an address bar', { 'sec-fetch-site': 'none' }],
    ['the same host over another scheme', { origin: 'http://app.example' }],
  ] as const)('%s changes nothing', async (_, headers) => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    const response = await target.post('ann', { ...pick(question), answer: 'approve' }, headers)
    expect(response.status).toBe(403)
    expect(await target.run()).toMatchObject({ status: 'interrupted' })
  })

  test('a request without either header is let through with a token only, and not with what a browser adds by itself', async () => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    const post = (headers: Record<string, string>) =>
      target.inbox(
        new Request(`${ORIGIN}/inbox`, {
          method: 'POST',
          headers: { cookie: 'session=ann', 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ ...pick(question), answer: 'approve' }),
        }),
      )
    expect(await post({})).toHaveProperty('status', 403)
    for (const authorization of [
      'Basic YW5uOnNlY3JldA==',
      'Negotiate YII',
      'NTLM TlRM',
      'Digest a="b"',
      'Bearer',
      '',
    ]) {
      expect(await post({ authorization })).toHaveProperty('status', 403)
    }
    expect(await post({ authorization: 'Bearer x' })).toHaveProperty('status', 200)
  })

  test('with origins named, those and no others', async () => {
    const target = app({ origins: ['https://pages.example'] })
    await target.run()
    const question = await onlyQuestion(target)
    const answer = { ...pick(question), answer: 'approve' }
    expect(await target.post('ann', answer, { origin: ORIGIN })).toHaveProperty('status', 403)
    expect(
      await target.post('ann', answer, { origin: 'https://pages.example', 'sec-fetch-site': 'same-site' }),
    ).toHaveProperty('status', 200)
  })

  test.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'id=1&answer=approve'],
    ['text', { 'content-type': 'text/plain' }, undefined],
    ['no JSON', {}, '{'],
    ['another answer', {}, '{"id":"x","answer":"yes","answerToken":"x"}'],
    ['a field too many', {}, '{"id":"x","answer":"approve","answerToken":"x","subject":"ann"}'],
    [
      'more than anybody has to say',
      {},
      JSON.stringify({ id: 'x'.repeat(9_000), answer: 'approve', answerToken: 'x' }),
    ],
  ] as const)('%s is no answer', async (_, headers, body) => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    const response = await target.post('ann', body ?? { ...pick(question), answer: 'approve' }, headers)
    expect(response.status).toBe(400)
  })

  test('no other method, and no answer by GET', async () => {
    const target = app()
    await target.run()
    const { id, answerToken } = await onlyQuestion(target)
    const put = await target.inbox(
      new Request(`${ORIGIN}/inbox`, { method: 'PUT', headers: { cookie: 'session=ann' } }),
    )
    expect(put.status).toBe(405)
    expect(put.headers.get('allow')).toBe('GET, POST')
    await target.list('ann', `?id=${id}&answer=approve&answerToken=${answerToken}`)
    expect(await target.run()).toMatchObject({ status: 'interrupted' })
  })
})
