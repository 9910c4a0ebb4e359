import { runTool } from '../gates/run-tool.ts'

/** The place in `docs/architecture.md` where the site shows the diagram. */
const MARK = '<!-- diagram: rooms -->'

/**
 * Draws the rooms of core as dependency-cruiser finds them. Omits the entry points and the rooms that every room uses.
 */
export async function drawRooms(): Promise<string> {
  const { code, stdout, output } = await runTool('depcruise', [
    ...['--config', '.dependency-cruiser.mjs', '--output-type', 'mermaid', '--include-only', '^packages/core/src/'],
    ...['--exclude', '^packages/core/src/(base|records|entrypoints|index\\.ts)'],
    ...['--collapse', '^packages/core/src/[^/]+', 'packages/core/src'],
  ])
  if (!stdout.startsWith('flowchart')) throw new Error(`dependency-cruiser drew nothing (exit ${code}):\n${output}`)
  return `\`\`\`mermaid\n${stdout.trim()}\n\`\`\`\n`
}

/** Replaces the page's mark by the diagram. */
export const withRooms = (text: string, diagram: string): string => text.replace(MARK, () => diagram)
