import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { asksBoss, phone, refusedBy } from './phone.ts'
import { user } from './small-world.ts'

const owner = (name: number | string) => user({ subject: `owner-${name}` })

test(
  verifies(['A8', 'A14'], '50 owners with 20 calls each in a minute send their manager 20 questions, of many owners'),
  async () => {
    const { run, clock, pushes } = phone()
    const owners = Array.from({ length: 50 }, (_, at) => owner(at))
    const askAll = () => Promise.all(owners.map((identity) => run({ identity }, asksBoss)))
    for (let round = 0; round < 20; round++, clock.advance(2.9)) await askAll()
    expect(pushes).toHaveLength(20)
    expect(new Set(pushes.map(({ by }) => by)).size).toBeGreaterThan(6)
    for (let minutes = 1; minutes < 59; minutes += 6, clock.advance(360)) await askAll()
    // The hundredth is for an owner who has sent nothing in this hour, and all have.
    expect(pushes).toHaveLength(99)
    expect(new Set(pushes.map(({ by }) => by)).size).toBe(50)
  },
)

describe('an owner who asks without end leaves room for others, also where the manager answers each question (A14)', () => {
  test(
    verifies('A14', 'after ten sends in a minute it waits, and the first question of another goes out at once'),
    async () => {
      const { run, says, pushes, clock } = phone()
      for (let sends = 0; sends < 10; sends++) {
        await run({ tool: `tool-${sends}` }, asksBoss)
        if (sends % 4 === 3) await says('approved')
      }
      expect(await run({}, asksBoss)).toMatchObject(refusedBy('share of 20 in 60 s'))
      expect(pushes).toHaveLength(10)
      expect(await run({ identity: owner('new') }, asksBoss)).toMatchObject({ status: 'interrupted' })
      clock.advance(61)
      expect(await run({}, asksBoss)).toMatchObject({ status: 'interrupted' })
    },
  )

  test(verifies('A14', 'after 50 in an hour it waits, and the first questions of 50 others go out'), async () => {
    const { run, says, pushes, clock } = phone()
    for (let sends = 0; sends < 50; sends++) {
      expect(await run({}, asksBoss)).toMatchObject({ status: 'interrupted' })
      await says('approved')
    }
    for (let name = 0; name < 50; name++, clock.advance(6)) {
      expect(await run({}, asksBoss)).toMatchObject(refusedBy('share of 100 in 3600 s'))
      expect(await run({ identity: owner(name) }, asksBoss)).toMatchObject({ status: 'interrupted' })
    }
    expect(pushes).toHaveLength(100)
  })
})

test(
  verifies('A14', 'a channel that was away for minutes, in which each question was tried again and again, leaves room'),
  async () => {
    const { run, losesResponses, pushes, clock } = phone()
    losesResponses()
    const owners = Array.from({ length: 25 }, (_, at) => owner(at))
    const askAll = () =>
      Promise.all(owners.map((identity) => run({ identity, slot: 'one', input: { amount: 1 } }, asksBoss)))
    for (let minute = 0; minute < 8; minute++, clock.advance(61)) await askAll()
    expect(pushes.length).toBeGreaterThan(100)
    expect(await run({ identity: owner('new') }, asksBoss)).not.toMatchObject(refusedBy('share'))
  },
)

describe('those who use approvals as they are meant do not wait', () => {
  test('five different calls of one step', async () => {
    const { run } = phone()
    const outcomes = await Promise.all([run(), run(), run(), run(), run()])
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('interrupted'))
  })

  test('a person who answers: three calls a minute, for a quarter of an hour', async () => {
    const { run, says, clock } = phone()
    for (let minute = 0; minute < 15; minute++, clock.advance(42)) {
      for (let asked = 0; asked < 3; asked++) expect((await run()).status, `${minute}`).toBe('interrupted')
      await says('approved')
    }
  })

  test('a manager of 50 owners with a question an hour each, answered or not, for three hours', async () => {
    const { run, clock } = phone()
    for (let asked = 0; asked < 150; asked++, clock.advance(72)) {
      expect((await run({ identity: owner(asked % 50) }, asksBoss)).status, `${asked}`).toBe('interrupted')
    }
  })
})
