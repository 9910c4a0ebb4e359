import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'
import { root } from '../gates/repository.ts'
import { writeNote } from './awake.ts'
import { guards } from './guards.ts'
import { instrumentAll } from './instrument-all.ts'
import type { Plan } from './plan.ts'

// The process of one round: `mutate.ts` ends it when a mutant makes it spin.
const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Plan
const core = join(root, 'packages', 'core')
const { code } = instrumentAll(guards)

await startVitest(
  plan.testFiles.map((file) => join(core, file)),
  {
    run: true,
    watch: false,
    config: false,
    // A file's mutants are numbered after those of the files before it: what was kept for the same text may have other numbers.
    fsModuleCache: false,
    root: core,
    include: [...plan.testFiles],
    runner: fileURLToPath(new URL('mutant-runner.ts', import.meta.url)),
    pool: 'threads',
    maxWorkers: 1,
    testTimeout: 60_000,
    bail: plan.always === 0 ? 0 : 1,
    provide: { mutation: plan },
    silent: true,
    reporters: [
      {
        onTestModuleEnd: ({ moduleId }) => {
          writeNote(plan.log, { type: 'file ended', file: relative(core, moduleId) })
        },
      },
    ],
    sequence: {
      sequencer: class {
        shard = <T>(files: T): T => files
        sort<T extends { readonly moduleId: string }>(files: readonly T[]): T[] {
          const place = ({ moduleId }: T) => plan.testFiles.indexOf(relative(core, moduleId))
          return [...files].sort((one, other) => place(one) - place(other))
        }
      } as never,
    },
  },
  {
    plugins: [
      {
        name: 'mutants',
        enforce: 'pre',
        transform(_, id) {
          const instrumented = code.get(id.split('?')[0] ?? '')
          return instrumented === undefined ? undefined : { code: instrumented, map: null }
        },
      },
    ],
  },
)
process.exit(0)
