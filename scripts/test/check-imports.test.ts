import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkImports } from '../gates/check-imports.ts'
import { root } from '../gates/repository.ts'
import { folderWith } from './fixture.ts'

const manifest = (name: string, fields: object = {}) => JSON.stringify({ name, type: 'module', ...fields })
const library = (name: string) => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, type: 'module', exports: './index.js' }),
  [`node_modules/${name}/index.js`]: 'export const it = 1\n',
})

/** An example in which every import has an allowed direction. A room may be in any group. */
const allowed = {
  'package.json': manifest('behalf'),
  ...library('ai'),
  ...library('jose'),
  'packages/core/package.json': manifest('@behalf/core', {
    exports: { '.': './src/index.ts' },
    dependencies: { jose: '*' },
  }),
  'packages/core/src/index.ts':
    "export { run } from './g/guard/run.ts'\nexport type { Id } from './g/contract/id.ts'\n",
  'packages/core/src/g/contract/id.ts': 'export type Id = string\n',
  'packages/core/src/g/errors/fault.ts': 'export class Fault {}\n',
  'packages/core/src/g/ports/clock.ts': "import type { Id } from '../contract/id.ts'\nexport type Clock = Id\n",
  'packages/core/src/g/values/digest.ts': "export { it as digest } from 'jose'\n",
  'packages/core/src/g/identity/verify.ts': "export { digest as verify } from '../values/digest.ts'\n",
  'packages/core/src/g/roles/map.ts': "export { verify as map } from '../identity/verify.ts'\n",
  'packages/core/src/g/approvals/find.ts': "export { verify as find } from '../identity/verify.ts'\n",
  'packages/core/src/g/ciba/ask.ts': "export { find as ask } from '../approvals/find.ts'\n",
  'packages/core/src/g/guard/run.ts':
    "import { AsyncLocalStorage } from 'node:async_hooks'\nimport { ask } from '../ciba/ask.ts'\nimport { map } from '../roles/map.ts'\nexport const run = [ask, map, AsyncLocalStorage]\n",
  'packages/core/test/run.test.ts': "import { it } from 'ai'\nimport { run } from '../src/index.ts'\nvoid [run, it]\n",
  'packages/ai-sdk/package.json': manifest('@behalf/ai-sdk', {
    exports: { '.': './src/index.ts' },
    peerDependencies: { '@behalf/core': '*', ai: '*' },
  }),
  'packages/ai-sdk/src/index.ts':
    "import { run } from '@behalf/core'\nimport { it } from 'ai'\nexport const guardTools = [run, it]\n",
  'packages/mastra/package.json': manifest('@behalf/mastra', { exports: { '.': './src/index.ts' } }),
  'packages/mastra/src/index.ts': 'export const guardTools = 1\n',
  'packages/testing/package.json': manifest('@behalf/testing', { exports: { '.': './src/index.ts' } }),
  'packages/testing/src/index.ts': 'export const mock = 1\n',
  'examples/one/package.json': manifest('@behalf/example-one', { dependencies: { '@behalf/core': '*' } }),
  'examples/one/src/main.ts': "import { run } from '@behalf/core'\nvoid run\n",
  'scripts/gate.ts': 'export const gate = 1\n',
}

async function checked(changes: Readonly<Record<string, string>>): Promise<{ ok: boolean; output: string }> {
  const folder = folderWith({ ...allowed, ...changes })
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.base.json']) {
    copyFileSync(join(root, file), join(folder, file))
  }
  const scope = join(folder, 'node_modules', '@behalf')
  mkdirSync(scope, { recursive: true })
  for (const name of ['core', 'ai-sdk', 'mastra', 'testing']) {
    symlinkSync(join(folder, 'packages', name), join(scope, name), 'junction')
  }
  return checkImports(folder)
}

test('the directions of the design are allowed', async () => {
  expect(await checked({})).toMatchObject({ ok: true, output: '' })
})

const importing = (target: string) => `import * as it from '${target}'\nexport const forbidden = it\n`

describe('a forbidden import is refused by its rule', () => {
  const cases: readonly (readonly [rule: string, folder: string, target: string])[] = [
    ['room-contract', 'packages/core/src/g/contract', '../errors/fault.ts'],
    ['room-errors', 'packages/core/src/g/errors', '../values/digest.ts'],
    ['room-ports', 'packages/core/src/g/ports', '../values/digest.ts'],
    ['room-values', 'packages/core/src/g/values', '../identity/verify.ts'],
    ['room-credential', 'packages/core/src/g/credential', '../identity/verify.ts'],
    ['room-authorization-server', 'packages/core/src/g/authorization-server', '../identity/verify.ts'],
    ['room-identity', 'packages/core/src/g/identity', '../roles/map.ts'],
    ['room-roles', 'packages/core/src/g/roles', '../approvals/find.ts'],
    ['room-fga', 'packages/core/src/g/fga', '../roles/map.ts'],
    ['room-token-exchange', 'packages/core/src/g/token-exchange', '../roles/map.ts'],
    ['room-vault', 'packages/core/src/g/vault', '../approvals/find.ts'],
    ['room-approvals', 'packages/core/src/g/approvals', '../ciba/ask.ts'],
    ['room-resource-server', 'packages/core/src/g/resource-server', '../approvals/find.ts'],
    ['room-ciba', 'packages/core/src/g/ciba', '../guard/run.ts'],
    ['room-stores', 'packages/core/src/g/stores', '../identity/verify.ts'],
    ['room-unknown', 'packages/core/src/g/helpers', '../values/digest.ts'],
    ['rooms-above', 'packages/core/src/g/http', '../guard/run.ts'],
    ['rooms-above', 'packages/core/src/g/guard', '../../index.ts'],
    ['core-knows-no-framework', 'packages/core/src/g/guard', 'ai'],
    ['core-knows-no-framework', 'packages/core/src/g/guard', '@behalf/testing'],
    ['core-runs-everywhere', 'packages/core/src/g/guard', 'node:fs'],
    ['declared-dependencies-only', 'packages/testing/src', 'jose'],
    ['adapter-stands-alone', 'packages/ai-sdk/src', '@behalf/mastra'],
    ['packages-by-their-names', 'packages/ai-sdk/src', '../../core/src/g/guard/run.ts'],
    ['packages-by-their-names', 'examples/one/src', '../../../packages/core/src/index.ts'],
    ['sources-need-no-tests', 'packages/core/src/g/guard', '../../../test/run.test.ts'],
    ['no-unresolvable', 'packages/core/src/g/guard', './missing.ts'],
  ]
  test('each rule, for what it is there', async () => {
    const named = cases.map(([rule, folder, target], index) => ({ rule, target, file: `${folder}/bad-${index}.ts` }))
    const { ok, output } = await checked(Object.fromEntries(named.map(({ file, target }) => [file, importing(target)])))
    expect(ok).toBe(false)
    for (const { rule, file } of named) expect.soft(output).toContain(`${rule}: ${file} →`)
  })

  test('ground-stays-private', async () => {
    const index = { 'packages/core/src/index.ts': "export { digest } from './g/values/digest.ts'\n" }
    const { output } = await checked(index)
    expect(output).toContain('ground-stays-private: packages/core/src/index.ts → packages/core/src/g/values/digest.ts')
  })

  test('no-circular, also of types alone, named once', async () => {
    const { output } = await checked({
      'packages/testing/src/one.ts': "import type { Two } from './two.ts'\nexport type One = Two\n",
      'packages/testing/src/two.ts': "import type { One } from './one.ts'\nexport type Two = One | 1\n",
    })
    expect(output).toBe(
      'no-circular: packages/testing/src/one.ts → packages/testing/src/two.ts → packages/testing/src/one.ts',
    )
  })
})
