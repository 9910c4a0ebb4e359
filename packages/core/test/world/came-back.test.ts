import { expect, test } from 'vitest'
import { bundle } from './bundle.ts'
import { edges } from './edges.ts'
import { randomOf } from './random.ts'
import { runSequence } from './run-sequence.ts'
import { approved, cameBack, failed, meanwhile, releasedForThem } from './staged.ts'
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
