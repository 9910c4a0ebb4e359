import { flushCompileCache } from 'node:module'
import { createWatcher } from '@behalf/core/watcher'
import { keys } from '../approvals/guarded-world.ts'
import { profile } from '../approvals/verified-user.ts'
import { channelOf, type Death, hastenLeases, openFile, tellings } from './watched-world.ts'

const [file, directory, watcher, death] = process.argv.slice(2).map((argument) => JSON.parse(argument)) as [
  string,
  string,
  string,
  Death | null,
]

const times = { looked: 0, called: 0, noted: 0 }
async function dieAt(moment: Death['at']): Promise<void> {
  if (death?.at !== moment || ++times[moment] < death.time) return
  process.kill(process.pid, 'SIGKILL')
  await new Promise<never>(() => {})
}

hastenLeases()
const stop = new AbortController()
const begin = new Promise<void>((resolve) => process.once('message', () => resolve()))
flushCompileCache()
process.send?.('ready')
await begin
process.once('message', () => stop.abort())
await createWatcher({
  authorizationServer: profile,
  approvals: channelOf(() => dieAt('looked')),
  store: openFile(file),
  keys,
  everyMs: 50,
  maxPollsPerSecond: 200,
  onAnswer: async ({ id }) => {
    await dieAt('called')
    tellings(directory).note({ id, watcher })
    await dieAt('noted')
  },
}).run(stop.signal)
process.exit(0)
