import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApprovalChannel } from '@behalf/core/channels'
import { sqliteStore } from '@behalf/stores/sqlite'
import { hastened, hastenTimers } from '../hastened-store.ts'

/** Where in its work a watcher dies by its own SIGKILL, and at which time that it is there. */
export interface Death {
  /**
   * `looked`: a look was answered, and that is not written yet. `called`: the app was called, and has not noted it.
   * `noted`: the app has noted it, and that is not written yet.
   */
  readonly at: 'looked' | 'called' | 'noted'
  readonly time: number
}

/**
 * A lease lasts six seconds here and is renewed three times in that: a process that a busy machine delays for less
 * keeps it. A living process that does not renew its lease is taken for dead.
 */
const HASTENED_BY = 10
export const LEASE_MS = 60_000 / HASTENED_BY

export const openFile = (file: string) => hastened(sqliteStore({ file }), HASTENED_BY)
export const hastenLeases = () => hastenTimers(HASTENED_BY)

/** A person who answers each question after a while, at the next poll of any process. */
export function channelOf(onAnswer: () => void | Promise<void> = () => {}): ApprovalChannel {
  return {
    specificationVersion: 2,
    ask: async () => ({ state: { from: Date.now() + Math.random() * 2_000 }, interval: 0.2 }),
    async poll({ state }) {
      if (typeof state.from !== 'number' || Date.now() < state.from) return { status: 'pending' }
      await onAnswer()
      return { status: 'approved' }
    },
  }
}

/** What the app noted, and which watcher told it. */
export interface Telling {
  readonly id: string
  readonly watcher: string
}

/** Where every process sees it, line by line. */
export function tellings(directory: string) {
  const path = join(directory, 'told')
  return {
    note: ({ id, watcher }: Telling) => appendFileSync(path, `${id} ${watcher}\n`),
    all: (): readonly Telling[] =>
      existsSync(path)
        ? readFileSync(path, 'utf8')
            .split('\n')
            .filter(Boolean)
            .map((line) => {
              const [id = '', watcher = ''] = line.split(' ')
              return { id, watcher }
            })
        : [],
  }
}
