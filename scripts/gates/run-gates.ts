import type { Gate, Verdict } from './gate.ts'

export interface GateCount {
  readonly passed: number
  readonly failed: number
}

/**
 * Makes the checks one after the other and prints a line for each; for one that fails, also what is wrong.
 *
 * A gate that throws has failed. So has one whose ground is missing.
 */
export async function runGates(
  gates: readonly Gate[],
  print: (text: string) => void = console.log,
): Promise<GateCount> {
  const failed = new Set<string>()
  for (const gate of gates) {
    const began = performance.now()
    const missing = gate.needs?.filter((name) => failed.has(name)) ?? []
    const { ok, output, note } =
      missing.length > 0 ? { ok: false, output: `needs ${missing.join(', ')}`, note: undefined } : await settle(gate)
    const time = `${((performance.now() - began) / 1000).toFixed(1)} s`
    if (ok) {
      print(`ok ${gate.name} (${time})${note === undefined ? '' : `: ${note}`}`)
    } else {
      failed.add(gate.name)
      print(`FAILED ${gate.name} (${time})\n${output.trim().replaceAll(/^/gm, '    ')}`)
    }
  }
  return { passed: gates.length - failed.size, failed: failed.size }
}

async function settle(gate: Gate): Promise<Verdict> {
  try {
    return await gate.run()
  } catch (error) {
    return { ok: false, output: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
