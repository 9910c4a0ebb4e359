import { BehalfError } from '../../src/base/errors/index.ts'
import { everythingShownBy } from '../unit/oauth/mock-issuer.ts'

/** All runs of all files together. `npm run fuzz` makes 100,000; `npm test` a smaller number. */
const total = Number(process.env.BEHALF_FUZZ_RUNS ?? 1_000)

/** This property's part of them, and time enough for it. */
export function share(percent: number): { readonly numRuns: number; readonly timeout: number } {
  const numRuns = Math.ceil((total * percent) / 100)
  return { numRuns, timeout: 60_000 + numRuns * 40 }
}

/** Nothing that is fuzzed here may take as long, milliseconds. */
const HANG = 20_000

/**
 * What became of one call: a value, or a fault of ours. Anything else that is thrown, a hang, and a secret
 * in what a fault shows, fail the property.
 */
export async function settled<T>(work: Promise<T>, secrets: readonly string[]): Promise<T | BehalfError> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const hang = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), HANG)
  })
  try {
    return await Promise.race([work, hang])
  } catch (error) {
    if (!BehalfError.isInstance(error)) throw error
    const shown = everythingShownBy(error)
    const leaked = secrets.find((secret) => shown.includes(secret))
    if (leaked !== undefined) throw new Error(`a fault shows ${leaked}: ${shown}`)
    return error
  } finally {
    clearTimeout(timer)
  }
}
