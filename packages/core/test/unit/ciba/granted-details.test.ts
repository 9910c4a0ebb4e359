import { describe, expect, test } from 'vitest'
import { BehalfError, ConfigurationError } from '../../../src/base/errors/index.ts'
import { order, question, stateOf, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()

describe('details that were asked (RFC 9396 §7)', () => {
  const other = { ...order, quantity: 500 }
  /** In the answer, in its token; and whether they went out with the question. */
  test.each([
    ['in both', [order], [order], true, 'approved'],
    ['in the token alone', undefined, [order], true, 'approved'],
    ['in the answer alone', [order], undefined, true, 'approved'],
    ['in neither', undefined, undefined, true, 'failed'],
    ['others in the token', [order], [other], true, 'failed'],
    ['others in the answer', [other], [order], true, 'failed'],
    ['never sent, so that none come', undefined, undefined, false, 'approved'],
    ['never sent, whatever comes', [other], [other], false, 'approved'],
  ])('%s', async (_, around, inside, detailsSent, status) => {
    const { look, answer, success, accessToken, clock } = await begin()
    const access_token = await accessToken({ authorization_details: inside as never })
    answer(await success({ authorization_details: around, access_token }))
    expect((await look({}, stateOf(clock, { detailsSent }))).status).toBe(status)
  })

  test.each([
    ['as asked', [order], true, 'approved'],
    ['others', [other], true, 'failed'],
    ['none', undefined, true, 'failed'],
    ['never sent', undefined, false, 'approved'],
  ])('where the answer’s token is of no use: %s', async (_, granted, detailsSent, status) => {
    const { channel, context, clock, answer, success } = await begin()
    const { credential: __, ...plain } = question(clock)
    answer(await success({ authorization_details: granted, access_token: 'opaque' }))
    const looked = await channel.poll({ state: stateOf(clock, { detailsSent }) }, plain, context)
    const evidence = { method: 'ciba' }
    expect(looked).toEqual(status === 'approved' ? { status, evidence } : { status, detail: expect.any(String) })
  })

  test('are shown to the app only where they are a list', async () => {
    const shown: unknown[] = []
    const sameDetails = (granted: unknown) => shown.push(granted) > 0
    const { look, answer, success, accessToken, clock } = await begin(undefined, { sameDetails })
    for (const granted of ['x', { 0: order, length: 1 }, undefined, null]) {
      const access_token = await accessToken({ authorization_details: granted as never })
      answer(await success({ authorization_details: undefined, access_token }))
      expect((await look({}, stateOf(clock))).status, JSON.stringify(granted)).toBe('failed')
    }
    expect(shown).toEqual([])
  })

  test.each([
    ['a fault', Object.assign(new Error('of the app'), { retryable: true })],
    ['a wrong set-up', new ConfigurationError('app', 'mend it')],
  ])('%s while they are compared is told, and not tried again', async (_, fault) => {
    const sameDetails = () => {
      throw fault
    }
    const { look, answer, success, clock } = await begin(undefined, { sameDetails })
    answer(await success())
    await expect(look({}, stateOf(clock))).rejects.toBe(fault)
    expect(BehalfError.isInstance(fault) && fault.retryable).toBe(false)
  })
})
