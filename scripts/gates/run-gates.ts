import { availableParallelism } from 'node:os'
import type { Part } from '../tests/report.ts'
import type { Gate, Verdict } from './gate.ts'

export interface GateRun {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Duration of each gate. */
  readonly parts: readonly Part[]
}

export interface GateOptions {
  readonly print?: (text: string) => void
  /** Number of gates that run side by side. @default one for each core, at most four */
  readonly atOnce?: number
  /** Milliseconds between two lines that show what is running. */
  readonly progressMs?: number
  /** Whether a gate that cannot run here has failed. @default in CI */
  readonly mustRun?: boolean
}

/**
 * Runs the gates, some of them side by side, and prints a line for each; for one that fails, also what is wrong.
 *
 * A gate that throws has failed. So has one that needs a gate that failed.
 */
export async function runGates(
  gates: readonly Gate[],
  {
    print = console.log,
    atOnce = Math.min(4, availableParallelism()),
    progressMs = 15_000,
    mustRun = Boolean(process.env.CI),
  }: GateOptions = {},
): Promise<GateRun> {
  const waiting = [...gates]
  const running = new Map<Gate, { readonly began: number; readonly ended: Promise<void> }>()
  const failed = new Set<string>()
  const parts: Part[] = []
  let skipped = 0

  const isReady = ({ needs = [], alone }: Gate) => {
    const others = [...running.keys()]
    if (running.size >= atOnce || (alone === true && running.size > 0) || others.some((other) => other.alone))
      return false
    return !needs.some((name) => [...waiting, ...others].some((other) => other.name === name))
  }
  const end = (gate: Gate, began: number, { ok, output, note, notRun }: Verdict) => {
    const seconds = (performance.now() - began) / 1000
    parts.push({ name: gate.name, seconds })
    const title = `${gate.name} (${seconds.toFixed(1)} s)`
    if (ok && notRun === undefined) return print(`ok ${title}${note === undefined ? '' : `: ${note}`}`)
    if (ok && !mustRun) {
      skipped++
      return print(`skipped ${title}: not run: ${notRun}`)
    }
    failed.add(gate.name)
    print(`FAILED ${title}\n${(ok ? `not run: ${notRun}` : output).trim().replaceAll(/^/gm, '    ')}`)
  }
  const start = (gate: Gate) => {
    waiting.splice(waiting.indexOf(gate), 1)
    const began = performance.now()
    const missing = gate.needs?.filter((name) => failed.has(name)) ?? []
    const result = missing.length > 0 ? { ok: false, output: `needs ${missing.join(', ')}` } : settle(gate)
    const ended = Promise.resolve(result).then((found) => {
      running.delete(gate)
      end(gate, began, found)
    })
    running.set(gate, { began, ended })
  }
  const progress = setInterval(() => {
    const seconds = (began: number) => ((performance.now() - began) / 1000).toFixed(0)
    print(`… ${[...running].map(([{ name }, { began }]) => `${name} (${seconds(began)} s)`).join(', ')}`)
  }, progressMs)
  try {
    while (waiting.length + running.size > 0) {
      for (let next = waiting.find(isReady); next !== undefined; next = waiting.find(isReady)) start(next)
      if (running.size === 0)
        throw new Error(`these gates need each other: ${waiting.map(({ name }) => name).join(', ')}`)
      await Promise.race([...running.values()].map(({ ended }) => ended))
    }
  } finally {
    clearInterval(progress)
  }
  return { passed: gates.length - failed.size - skipped, failed: failed.size, skipped, parts }
}

async function settle(gate: Gate): Promise<Verdict> {
  try {
    return await gate.run()
  } catch (error) {
    return { ok: false, output: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
