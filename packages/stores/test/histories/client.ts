import { openSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import { openTarget, type Target } from '../targets.ts'
import { RandomClient } from './random-client.ts'

/** What a client is started with. It works until it is told to stop, or killed. */
export interface ClientOrder {
  readonly name: string
  /** Takes what the client notes. Written before and after each operation: who is killed leaves all of it. */
  readonly file: string
  readonly records: readonly string[]
  readonly counters: readonly string[]
}

const [target, { file, ...order }] = process.argv.slice(2).map((argument) => JSON.parse(argument)) as [
  Target,
  ClientOrder,
]
const notes = openSync(file, 'a')
const client = new RandomClient({
  ...order,
  store: await openTarget(target),
  // Milliseconds of the machine's steady clock, which all of its processes share.
  elapsed: () => Number(process.hrtime.bigint()) / 1e6,
  random: Math.random,
  note: (noted) => writeSync(notes, `${JSON.stringify(noted)}\n`),
})
flushCompileCache()
let isStopped = false
process.on('message', () => {
  isStopped = true
})
process.send?.('ready')
while (!isStopped) {
  await client.act()
  await wait(Math.random() * 4)
}
process.exit(0)
