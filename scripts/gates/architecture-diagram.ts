import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Verdict } from './gate.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

const page = join(root, 'docs', 'architecture.md')
const markers = /(<!-- diagram: rooms -->\n)[\s\S]*?(<!-- \/diagram -->)/

/** The rooms of core as dependency-cruiser finds them. What every room stands on is left out, and so are the doors. */
async function draw(): Promise<string> {
  const { code, stdout, output } = await runTool('depcruise', [
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'mermaid',
    '--include-only',
    '^packages/core/src/',
    '--exclude',
    '^packages/core/src/(contract|errors|ports|lib|doors|index\\.ts)',
    '--collapse',
    '^packages/core/src/[^/]+',
    'packages/core/src',
  ])
  if (!stdout.startsWith('flowchart')) throw new Error(`dependency-cruiser drew nothing (exit ${code}):\n${output}`)
  return `\`\`\`mermaid\n${stdout.trim()}\n\`\`\`\n`
}

async function withDiagram(text: string): Promise<string> {
  if (!markers.test(text)) throw new Error('docs/architecture.md has lost its <!-- diagram: rooms --> markers')
  const diagram = await draw()
  return text.replace(markers, (_, open: string, close: string) => `${open}${diagram}${close}`)
}

/** The page shows the imports of today. */
export async function checkDiagram(): Promise<Verdict> {
  const text = readFileSync(page, 'utf8')
  return {
    ok: (await withDiagram(text)) === text,
    output:
      'docs/architecture.md shows other imports than there are: run `node scripts/draw-architecture.ts` and look at what changed.',
  }
}

/** Draws the diagram into the page. */
export async function writeDiagram(): Promise<void> {
  writeFileSync(page, await withDiagram(readFileSync(page, 'utf8')))
}
