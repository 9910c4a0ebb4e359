import { expect, test } from 'vitest'
import { type BehalfError, InvalidTokenError, TransportError } from '../../../src/base/errors/index.ts'
import { postpone } from '../../../src/ciba/poll-backchannel-authentication.ts'

const least = () => 0
const most = () => 1

/** Of a request that lives for a day: the wait after so many faults in a row, this one included. */
function wait(faults: number, interval: number, random: () => number, error: BehalfError = new TransportError('x')) {
  const state = { authReqId: 'r', expiresAt: 86_400, interval, detailsSent: false, faults: faults - 1 }
  const later = postpone(state, error, 0, random)
  return later.status === 'pending' ? later.retryAfter : undefined
}

test.each([
  [1, 5, 5, 10],
  [2, 5, 5, 20],
  [4, 5, 5, 80],
  [5, 5, 5, 120],
  [30, 5, 5, 120],
  [5000, 1, 1, 120],
  // Never sooner than the interval.
  [1, 300, 300, 300],
  [10, 300, 300, 300],
])('after %i faults, with an interval of %i s: between %i and %i s', (faults, interval, from, to) => {
  expect([wait(faults, interval, least), wait(faults, interval, most)]).toEqual([from, to])
})

test('what the server asks for comes first, and an error that asks for nothing changes nothing', () => {
  expect(wait(1, 5, least, new TransportError('x', { retryAfter: 60 }))).toBe(60)
  expect(wait(1, 5, least, new TransportError('x', { retryAfter: 1 }))).toBe(5)
  expect(wait(1, 5, least, new InvalidTokenError('claims', 'x'))).toBe(5)
  expect(wait(1, 5, least, Object.assign(new TransportError('x'), { retryAfter: '60' } as object))).toBe(5)
})
