import { expect, test } from 'vitest'
import { refusal, stateOf, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()

// The ids are new at each run of this test: what one run leaves behind in the process is in no other's way.
test('a request is free for the next look as soon as the last one ended, however it ended (CIBA Core §10.1)', async () => {
  const { look, answer, success, polls, clock } = await begin()
  const state = stateOf(clock)
  for (const next of [refusal('authorization_pending'), refusal('', 503), await success()]) answer(next)
  expect(await look({}, state)).toMatchObject({ status: 'pending' })
  expect(await look({}, state)).toMatchObject({ status: 'pending' })
  expect(await look({}, state)).toMatchObject({ status: 'approved' })
  expect(polls).toHaveLength(3)
})
