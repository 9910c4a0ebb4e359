import { expect, test } from 'vitest'
import { bundle } from './bundle.ts'
import type { CommandOf } from './commands.ts'
import { edges } from './edges.ts'
import { randomOf } from './random.ts'
import { runSequence } from './run-sequence.ts'
import { approved, cameBack, failed, meanwhile, released, releasedForThem, type Staged } from './staged.ts'
import { plainly } from './themes.ts'

const whole = bundle()
/** Its processes run the same deploy. */
const SEED = 'came back 3'

const ends = [
  ...Object.entries(meanwhile).map(([state, staged]) => ['pay', state, staged(false)] as const),
  ['send', 'failed', failed] as const,
].flatMap(([tool, found, staged]) => {
  const [state = ''] = found.split(',')
  return [
    [found, 'takes long', `edge: ${state} to completed`, tool, staged],
    [found, 'takes long and throws', `edge: ${state} to crashed`, tool, staged],
  ] as const
})

/** The third body of a run, which is the last one. */
const third = (body: 'takes long' | 'takes long and throws'): readonly Staged[] => {
  const before = { do: 'call', process: 0, body: 'throws before', preflight: false, pace: 'settle' } as const
  return [before, before, ...cameBack(body, released, [])]
}

test.each([
  ['edge: threw to completed', 'a third body that was taken for dead and returns', third('takes long')],
  ['edge: threw to crashed', 'a third body that was taken for dead and throws', third('takes long and throws')],
])(
  '%s: %s',
  async (edge, _, staged) => {
    const cast = { tool: () => 'note' as const, amount: () => 50, status: () => 200 }
    const commands = plainly(randomOf('came back'), cast, staged)
    const { seen, unjustified } = await runSequence(await whole, SEED, commands)
    expect(unjustified).toEqual([])
    expect([...seen.keys()]).toContain(edge)
  },
  60_000,
)

test.each(ends)(
  'a runner that was taken for dead comes back to a released run, and its outcome counts (%s, a body that %s)',
  async (_, body, edge, tool, staged) => {
    const commands = plainly(randomOf('came back'), { tool: () => tool, status: () => 200 }, [
      ...approved(0),
      ...cameBack(body, releasedForThem, staged),
    ])
    const { seen, unjustified } = await runSequence(await whole, SEED, commands)
    expect(unjustified).toEqual([])
    expect([...seen.keys()]).toContain(edge)
    expect(edges()).toContain(edge)
  },
  60_000,
)

test('edge: completed to crashed: a caller that leaves while its result is written, which cannot be told again', async () => {
  const call: CommandOf<'call'> = {
    ...({ do: 'call', process: 1, who: 'ann', proof: 'login', tool: 'note', slot: 'one', amount: 50 } as const),
    ...({ status: 200, body: 'returns a date', patience: 2, preflight: false, pace: 'settle' } as const),
  }
  const later = { do: 'pass', seconds: 20, pace: 'settle' } as const
  const edges = new Set<string>()
  // Which operation of the store is slow: among these is the write of the result.
  for (let after = 12; after < 24; after++) {
    const slow = { do: 'break', process: 1, kind: 'store', fault: 'slow', after, pace: 'settle' } as const
    const { seen, unjustified } = await runSequence(await whole, SEED, [slow, call, { ...call, slot: 'two' }, later])
    expect(unjustified).toEqual([])
    for (const what of seen.keys()) edges.add(what)
  }
  expect([...edges]).toContain('edge: completed to crashed')
}, 60_000)
