import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

/** What `npm run world` was asked for. */
export interface WorldOptions {
  readonly minutes: number
  /** How many sequences run side by side. */
  readonly cores: number
  readonly seed: string
  /** The row of a known break, whose mend is taken out. */
  readonly knownBreak: string | undefined
  /** Prints the whole event log of this seed, and searches for nothing. */
  readonly log: boolean
}

export function readOptions(argv: readonly string[]): WorldOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '5' },
      cores: { type: 'string', default: String(availableParallelism()) },
      seed: { type: 'string' },
      break: { type: 'string' },
      log: { type: 'boolean', default: false },
    },
  })
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Error(`--minutes is ${values.minutes}: give a number above 0`)
  const cores = Number(values.cores)
  if (!Number.isSafeInteger(cores) || cores < 1)
    throw new Error(`--cores is ${values.cores}: give a whole number above 0`)
  return { minutes, cores, seed: values.seed ?? String(Date.now()), knownBreak: values.break, log: values.log }
}
