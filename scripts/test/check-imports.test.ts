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

/** An example in which every import has an allowed direction. */
const allowed = {
  'package.json': manifest('behalf'),
  ...library('ai'),
  ...library('jose'),
  'packages/core/package.json': manifest('@behalf/core', {
    exports: { '.': './src/index.ts' },
    dependencies: { jose: '*' },
  }),
  'packages/core/src/index.ts':
    "export { run } from './guard/steps/run.ts'\nexport { memory } from './records/memory-store.ts'\n",
  'packages/core/src/base/values/digest.ts': "export { it as digest } from 'jose'\n",
  'packages/core/src/records/memory-store.ts': "export { digest as memory } from '../base/values/digest.ts'\n",
  'packages/core/src/records/lease.ts': "export { digest as lease } from '../base/values/digest.ts'\n",
  'packages/core/src/identity/verify.ts': "export { lease as verify } from '../records/lease.ts'\n",
  'packages/core/src/sign-in/file.node.ts':
    "import 'node:fs'\nexport { verify as file } from '../identity/verify.ts'\n",
  'packages/core/src/entrypoints/node.ts': "export { file } from '../sign-in/file.node.ts'\n",
  'packages/core/src/permissions/map.ts': "export { verify as map } from '../identity/verify.ts'\n",
  'packages/core/src/runs/find.ts': "export { verify as find } from '../identity/verify.ts'\n",
  'packages/core/src/ciba/ask.ts': "export { find as ask } from '../runs/find.ts'\n",
  'packages/core/src/guard/steps/run.ts':
    "import { AsyncLocalStorage } from 'node:async_hooks'\nimport { ask } from '../../ciba/ask.ts'\nimport { map } from '../../permissions/map.ts'\nexport const run = [ask, map, AsyncLocalStorage]\n",
  'packages/core/src/resource-server/protect.ts': "export { run as protect } from '../guard/steps/run.ts'\n",
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
    ['room-base', 'packages/core/src/base/values', '../../records/lease.ts'],
    ['room-records', 'packages/core/src/records', '../identity/verify.ts'],
    ['room-credential', 'packages/core/src/credential', '../identity/verify.ts'],
    ['room-oauth', 'packages/core/src/oauth', '../identity/verify.ts'],
    ['room-identity', 'packages/core/src/identity', '../permissions/map.ts'],
    ['room-token-exchange', 'packages/core/src/token-exchange', '../permissions/map.ts'],
    ['room-sign-in', 'packages/core/src/sign-in', '../permissions/map.ts'],
    ['room-permissions', 'packages/core/src/permissions/roles', '../../runs/find.ts'],
    ['room-vault', 'packages/core/src/vault', '../runs/find.ts'],
    ['room-runs', 'packages/core/src/runs', '../ciba/ask.ts'],
    ['room-ciba', 'packages/core/src/ciba', '../guard/steps/run.ts'],
    ['room-delegations', 'packages/core/src/delegations', '../guard/steps/run.ts'],
    ['room-guard', 'packages/core/src/guard', '../resource-server/protect.ts'],
    ['room-guard', 'packages/core/src/guard', '../index.ts'],
    ['room-resource-server', 'packages/core/src/resource-server', '../entrypoints/node.ts'],
    ['room-unknown', 'packages/core/src/helpers', '../base/values/digest.ts'],
    ['core-knows-no-framework', 'packages/core/src/guard', 'ai'],
    ['core-knows-no-framework', 'packages/core/src/guard', '@behalf/testing'],
    ['core-runs-everywhere', 'packages/core/src/guard', 'node:fs'],
    ['node-behind-its-entry', 'packages/core/src/sign-in', './file.node.ts'],
    ['declared-dependencies-only', 'packages/testing/src', 'jose'],
    ['adapter-stands-alone', 'packages/ai-sdk/src', '@behalf/mastra'],
    ['packages-by-their-names', 'packages/ai-sdk/src', '../../core/src/guard/steps/run.ts'],
    ['packages-by-their-names', 'examples/one/src', '../../../packages/core/src/index.ts'],
    ['sources-need-no-tests', 'packages/core/src/guard', '../../test/run.test.ts'],
    ['no-unresolvable', 'packages/core/src/guard', './missing.ts'],
  ]
  test('each rule, for what it is there', async () => {
    const named = cases.map(([rule, folder, target], index) => ({ rule, target, file: `${folder}/bad-${index}.ts` }))
    const { ok, output } = await checked(Object.fromEntries(named.map(({ file, target }) => [file, importing(target)])))
    expect(ok).toBe(false)
    for (const { rule, file } of named) expect.soft(output).toContain(`${rule}: ${file} →`)
  })

  test.each(['base/values/digest.ts', 'records/lease.ts'])('ground-stays-private: %s', async (file) => {
    const { output } = await checked({ 'packages/core/src/index.ts': `export * from './${file}'\n` })
    expect(output).toContain(`ground-stays-private: packages/core/src/index.ts → packages/core/src/${file}`)
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
