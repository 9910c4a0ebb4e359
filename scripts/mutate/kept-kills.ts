import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../gates/repository.ts'
import type { Mutant } from './mutant.ts'

interface Kill {
  readonly file: string
  readonly key: string
  readonly by: string
  /** Of the guard's file and of the test's. */
  readonly hash: string
}

const core = join(root, 'packages', 'core')
const path = join(root, '.behalf', 'mutants.jsonl')

/**
 * The mutants that earlier runs in this folder killed, each with the test that told it, so that a run that was stopped
 * goes on where it was.
 *
 * A kill counts as long as the guard's file and the test's file are what they were. What else may have changed between
 * them is not looked at: `anew` forgets all of them, and a fresh clone has none.
 */
export class KeptKills {
  readonly #hashes = new Map<string, string>()

  constructor({ anew }: { readonly anew: boolean }) {
    if (anew) rmSync(path, { force: true })
    mkdirSync(dirname(path), { recursive: true })
  }

  /** By the mutant's number in this run. */
  of(mutants: readonly Mutant[]): ReadonlyMap<number, string> {
    if (!existsSync(path)) return new Map()
    const kept = new Map<string, string>()
    // A run that was ended in the middle of a line leaves half of one.
    for (const line of readFileSync(path, 'utf8')
      .split('\n')
      .filter((text) => text.endsWith('}'))) {
      const { file, key, by, hash } = JSON.parse(line) as Kill
      if (hash === this.#hashOf(file, by)) kept.set(`${file} ${key}`, by)
    }
    return new Map(
      mutants.flatMap(({ id, file, key }) => {
        const by = kept.get(`${file} ${key}`)
        return by === undefined ? [] : [[id, by] as const]
      }),
    )
  }

  add({ file, key }: Mutant, by: string): void {
    const kill: Kill = { file, key, by, hash: this.#hashOf(file, by) }
    appendFileSync(path, `${JSON.stringify(kill)}\n`)
  }

  #hashOf(file: string, by: string): string {
    return `${this.#hashOfFile(join('src', file))} ${this.#hashOfFile(by.split(':')[0] ?? '')}`
  }

  #hashOfFile(file: string): string {
    const known = this.#hashes.get(file)
    if (known !== undefined) return known
    const whole = join(core, file)
    const hash = existsSync(whole)
      ? createHash('sha256').update(readFileSync(whole)).digest('hex').slice(0, 16)
      : 'gone'
    this.#hashes.set(file, hash)
    return hash
  }
}
