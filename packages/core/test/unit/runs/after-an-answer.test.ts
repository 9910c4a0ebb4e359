import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { applied, type Pending } from '../../../src/runs/write-answer.ts'
import { type Made, record, told } from './harness.ts'

const NOW = 1_800_000_000
const question = {
  id: 'q-1',
  approver: { issuer: 'https://login.example.com', subject: 'ann' },
  message: 'Buy 50?',
  details: [],
  channel: 'phone',
  expiresAt: NOW + 3600,
}
const delivery = { state: { at: 'first' }, interval: 5, nextPollAt: NOW, pendingAt: NOW }
const after = (answer: Parameters<typeof applied>[1], over: Made = {}, now = NOW) => {
  const pending = record('r-1', { state: 'pending', createdAt: NOW - 60, question, delivery, sends: 1, ...over })
  return told(applied(pending as Pending, answer, { sentAt: NOW, now }))
}

describe('a question without an answer (A4)', () => {
  test.each([
    [{}, 5, NOW + 5],
    [{ interval: 10 }, 10, NOW + 10],
    // It grows for good.
    [{ interval: 2 }, 5, NOW + 5],
    [{ retryAfter: 30 }, 5, NOW + 30],
    [{ retryAfter: 1 }, 5, NOW + 5],
    [{ interval: 10, retryAfter: 30 }, 10, NOW + 30],
  ])('%j: look again in time', (more, interval, nextPollAt) => {
    expect(after({ status: 'pending', ...more })).toMatchObject({
      state: 'pending',
      delivery: { interval, nextPollAt, pendingAt: NOW, state: { at: 'first' } },
    })
  })

  test('what the channel keeps is kept', () => {
    const answer = { status: 'pending', state: { at: 'second' } } as const
    expect(after(answer)?.question?.delivery?.state).toEqual({ at: 'second' })
  })
})

describe('approved (A5, A9)', () => {
  test('may be used for a quarter of an hour, and never past its token', () => {
    expect(after({ status: 'approved' })).toMatchObject({ state: 'approved', answeredAt: NOW, usableUntil: NOW + 900 })
    const token = (expiresAt?: number) => ({
      value: new Token('t'),
      scopes: ['pay'],
      ...(expiresAt !== undefined && { expiresAt }),
    })
    expect(after({ status: 'approved', token: token(NOW + 60) })).toMatchObject({ usableUntil: NOW + 60 })
    expect(after({ status: 'approved', token: token(NOW + 9000) })).toMatchObject({ usableUntil: NOW + 900 })
    expect(after({ status: 'approved', token: token() })).toMatchObject({ usableUntil: NOW + 900 })
  })

  test('without the token that was to be the credential is no approval', () => {
    const credential = { resource: 'https://api.example.com', scopes: ['pay'] }
    const over = { question: { ...question, credential } }
    expect(after({ status: 'approved' }, over)).toMatchObject({ state: 'failed' })
    expect(after({ status: 'approved', token: { value: new Token('t'), scopes: [] } }, over)).toMatchObject({
      state: 'approved',
      token: { value: 't' },
    })
  })

  test('keeps nothing else that a channel says with its token: what cannot be written would lose the answer', () => {
    const token = { value: new Token('t'), scopes: ['pay'], raw: { issuedAt: 1n } }
    const kept = after({ status: 'approved', token })
    expect(kept).toHaveProperty('token', { value: 't', scopes: ['pay'] })
    expect(() => JSON.stringify(kept)).not.toThrow()
  })

  test('keeps all that the token is', () => {
    const actor = { subject: 'agent' }
    const token = { value: new Token('t'), scopes: ['pay'], expiresAt: NOW + 60, actor, keyThumbprint: 'k' }
    const kept = { value: 't', scopes: ['pay'], expiresAt: NOW + 60, actor, keyThumbprint: 'k' }
    expect(after({ status: 'approved', token })).toHaveProperty('token', kept)
  })
})

describe('no answer any more (A6, A7)', () => {
  test.each(['expired', 'answer_lost'] as const)('%s: asked again, so often and so long', (status) => {
    expect(after({ status })).toMatchObject({ state: 'requested', again: status })
    expect(after({ status }, { sends: 2 })).toMatchObject({ state: 'requested' })
    expect(after({ status }, { sends: 3 })).toMatchObject({ state: 'expired', at: NOW })
    expect(after({ status }, {}, NOW + 3599)).toMatchObject({ state: 'requested' })
    expect(after({ status }, {}, NOW + 3600)).toMatchObject({ state: 'expired' })
    expect(after({ status })).not.toHaveProperty('delivery')
  })

  test('a no and a failure are told apart, and are the end', () => {
    expect(after({ status: 'denied' })).toMatchObject({ state: 'denied', note: 'the person said no', answeredAt: NOW })
    expect(after({ status: 'denied', detail: 'too much' })).toMatchObject({ state: 'denied', note: 'too much' })
    expect(after({ status: 'failed', detail: 'forged' })).toMatchObject({ state: 'failed', note: 'forged' })
  })
})
