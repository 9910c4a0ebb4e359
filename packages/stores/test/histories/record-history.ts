import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { forkScript, killChild } from '../children.ts'
import type { Target } from '../targets.ts'
import type { ClientOrder } from './client.ts'
import { type Noted, type Operation, operationsOf } from './history.ts'

interface Client {
  readonly name: string
  readonly child: ChildProcess
}

/** What the recorder may do to clients while they work. */
export interface Recorder {
  /** Kills one of them amid its work, and starts another. */
  replace(): Promise<void>
  /** One of them stands still for so long, whatever it holds. */
  pause(milliseconds: number): Promise<void>
  /** So many operations have been answered. */
  answered(): number
}

export interface HistoryOptions {
  readonly clients: number
  /** Where each client finds the store. */
  readonly target: (client: number) => Target
  /** Goes on until it returns, while the clients work. */
  readonly meanwhile: (recorder: Recorder) => Promise<void>
}

/** Begins the names of the keys of each history: one store may have several. */
let histories = 0

/** Lets clients work on a few keys, each in a process of its own. @returns all that they did. */
export async function recordHistory({ clients, target, meanwhile }: HistoryOptions): Promise<readonly Operation[]> {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-history-'))
  const history = ++histories
  const keys = { records: ['a', 'b', 'c'].map((key) => `${history}.${key}`), counters: [`${history}.n`] }
  const names: string[] = []
  const fileOf = (name: string) => join(directory, name)
  const start = async (place: number): Promise<Client> => {
    const name = `client${names.length + 1}`
    names.push(name)
    writeFileSync(fileOf(name), '')
    const order: ClientOrder = { name, file: fileOf(name), ...keys }
    const child = forkScript(new URL('./client.ts', import.meta.url), [target(place), order])
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended`))),
    ])
    return { name, child }
  }
  const read = () => names.flatMap((name) => operationsOf(name, linesOf(fileOf(name))))
  const working = await Promise.all(Array.from({ length: clients }, (_, place) => start(place)))
  const anyone = () => Math.floor(Math.random() * working.length)
  try {
    await meanwhile({
      async replace() {
        const place = anyone()
        await killChild((working[place] as Client).child)
        working[place] = await start(place)
      },
      async pause(milliseconds) {
        const { child } = working[anyone()] as Client
        child.kill('SIGSTOP')
        await wait(milliseconds)
        child.kill('SIGCONT')
      },
      answered: () => read().filter(({ answered }) => answered !== undefined).length,
    })
    for (const { child } of working) child.send('stop')
    await Promise.all(working.map(({ child }) => child.exitCode ?? once(child, 'exit')))
    return read()
  } finally {
    for (const { child } of working) await killChild(child)
    rmSync(directory, { recursive: true })
  }
}

/** A killed client may have written half of its last line: no one acted on that operation. */
function linesOf(file: string): readonly Noted[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Noted)
}
