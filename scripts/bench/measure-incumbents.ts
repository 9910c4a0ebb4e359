import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTool } from '../gates/run-tool.ts'
import type { Measurement } from './measure.ts'

/**
 * Versions that work together. Their own ranges do not state it: `@auth0/ai-langchain` 3 accepts any `@auth0/ai`, and
 * loads with 4.
 */
const incumbents = [
  {
    name: '@auth0/ai-vercel',
    adapter: 'ai-sdk',
    packages: { '@auth0/ai-vercel': '4.1.0', '@auth0/ai': '5.1.1', ai: '^5.0.0', zod: '3.25.76' },
  },
  {
    name: '@auth0/ai-langchain',
    adapter: 'langchain',
    packages: {
      '@auth0/ai-langchain': '3.5.2',
      '@auth0/ai': '^4.0.0',
      '@langchain/core': '^0.3.72',
      '@langchain/langgraph': '^0.4.4',
      '@langchain/langgraph-sdk': '0.0.107',
      '@openfga/sdk': '0.8.0',
      zod: '3.25.76',
    },
  },
] as const

export interface IncumbentRun {
  readonly name: string
  /** Results by the number of the schema's fields, or the reason why they are missing. */
  readonly results: Readonly<Record<string, Measurement>> | string
}

/**
 * Measures the same call with other packages: a tool that needs a token of a vault, which is cached.
 *
 * Each has its own install and process, since they require older frameworks. They do less in a call than the guard:
 * they check no input and no identity.
 */
export async function measureIncumbents(): Promise<readonly IncumbentRun[]> {
  const runs: IncumbentRun[] = []
  for (const { name, adapter, packages } of incumbents) runs.push({ name, results: await measured(adapter, packages) })
  return runs
}

async function measured(adapter: string, packages: object): Promise<IncumbentRun['results']> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-incumbent-'))
  try {
    const wanted = JSON.stringify({ private: true, type: 'module', dependencies: packages })
    writeFileSync(join(folder, 'package.json'), wanted)
    const program = new URL(`../../packages/${adapter}/bench/incumbent.mjs`, import.meta.url)
    copyFileSync(fileURLToPath(program), join(folder, 'incumbent.mjs'))
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps', '--prefer-offline']
    const installed = await runTool('npm', ['install', ...flags], { cwd: folder })
    if (installed.code !== 0) return `npm cannot bring it: ${lastLineOf(installed.output)}`
    const command = ['--no-warnings', 'incumbent.mjs', new URL('measure.ts', import.meta.url).href]
    const { code, stdout, output } = await runTool(process.execPath, command, { cwd: folder })
    if (code !== 0) return `it does not run: ${/^\w*Error.*$/m.exec(output)?.[0] ?? lastLineOf(output)}`
    return JSON.parse(lastLineOf(stdout)) as Readonly<Record<string, Measurement>>
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const lastLineOf = (text: string) => text.trim().split('\n').at(-1) ?? ''
