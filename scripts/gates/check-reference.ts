import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Verdict } from './gate.ts'
import { root } from './repository.ts'
import { toolVerdict } from './run-tool.ts'

/** The API reference can be built from the sources without a warning: nothing undocumented, no link that leads nowhere. */
export async function checkReference(): Promise<Verdict> {
  rmSync(join(root, 'docs', 'api'), { recursive: true, force: true })
  return toolVerdict('typedoc', ['--options', join('docs', 'typedoc.json')])
}
