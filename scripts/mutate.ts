import { parseArgs } from 'node:util'
import { copyOfRepository, mutateRoom } from './mutation/mutate-room.ts'
import { rooms } from './mutation/rooms.ts'

// `npm run mutate` removes the decisions in core's code, one after the other, and checks whether a test notices.
// `npm run mutate -- vault credential` does so only in these rooms. It takes hours on a small machine, so it is
// nightly. `--part 2/6` takes the second of six parts, for machines that work in parallel.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { part: { type: 'string', default: '1/1' } },
})
const [, part = '', parts = ''] = /^([1-9]\d?)\/([1-9]\d?)$/.exec(values.part) ?? []
if (part === '' || Number(part) > Number(parts)) throw new Error('--part is written 2/6: the second of six shares')
const unknown = positionals.filter((name) => !rooms.some((room) => room.name === name))
if (unknown.length > 0)
  throw new Error(`there is no room ${unknown.join(', ')}; there is ${rooms.map(({ name }) => name).join(', ')}`)
const chosen = rooms.filter(({ name }, index) =>
  positionals.length > 0 ? positionals.includes(name) : index % Number(parts) === Number(part) - 1,
)

const copy = await copyOfRepository()
let failed = 0
try {
  for (const room of chosen) {
    const began = performance.now()
    const { noticed, all, survivors, timedOut } = await mutateRoom(room, copy.folder)
    const percent = all === 0 ? 0 : (noticed / all) * 100
    const minutes = ((performance.now() - began) / 60_000).toFixed(1)
    for (const line of timedOut) console.log(`TIMED OUT ${line}`)
    for (const line of survivors) console.log(`SURVIVED ${line}`)
    const share = `${noticed} of ${all} noticed, ${timedOut.length} of them by a limit of time`
    console.log(`${room.name}: ${share}, ${percent.toFixed(1)} % (${minutes} minutes)`)
    if (percent >= room.noticed) continue
    failed++
    console.log(`FAILED ${room.name}: ${room.noticed} % are the least (scripts/mutation/rooms.ts). Test what survived.`)
  }
} finally {
  copy.remove()
}
console.log(`${chosen.length - failed} rooms passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
