import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { frameworks, namesOf, providers } from '../src/choices.ts'
import { command, workshop } from './sources.ts'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Packages that a file imports; modules that are built into Node are left out. */
function importedBy(text: string): readonly string[] {
  const specifiers = [...text.matchAll(/from '([^'.][^']*)'/g)].map(([, specifier = '']) => specifier)
  const named = specifiers.filter((specifier) => !specifier.startsWith('node:'))
  return named.map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
}

test('each framework with each provider is an app of under ten files that compiles and installs what it imports', {
  timeout: 300_000,
}, async () => {
  const folder = workshop()
  for (const framework of namesOf(frameworks)) {
    for (const provider of namesOf(providers)) {
      const app = join(folder, `${framework}-${provider}`)
      expect(await command(app, '--framework', framework, '--provider', provider)).toMatchObject({ code: 0 })
      const files = readdirSync(app)
      expect(files.length).toBeLessThan(10)
      expect(files.filter((file) => file.endsWith('.test.ts'))).toHaveLength(1)
      const sources = files.filter((file) => file.endsWith('.ts'))
      const texts = sources.map((file) => readFileSync(join(app, file), 'utf8'))
      expect(texts.join('\n')).not.toMatch(/region|\.\.\/|APP-NAME/)
      const settings = [...texts.join('\n').matchAll(/setting\('(\w+)'\)/g)].map(([, name]) => name).sort()
      const env = files.includes('.env') ? readFileSync(join(app, '.env'), 'utf8') : ''
      expect([...env.matchAll(/^(\w+)=$/gm)].map(([, name]) => name).sort()).toEqual(settings)
      const manifest = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as Manifest
      const tools = ['@types/node', 'typescript']
      expect(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).sort()).toEqual(
        [...new Set([...texts.flatMap(importedBy), ...tools])].sort(),
      )
      const installed = Object.keys(manifest.dependencies)
      const ofApp = sources
        .filter((file) => !file.endsWith('.test.ts'))
        .map((file) => texts[sources.indexOf(file)] ?? '')
      expect(installed).toEqual(expect.arrayContaining([...new Set(ofApp.flatMap(importedBy))]))
      expect(Object.values({ ...manifest.dependencies, ...manifest.devDependencies })).not.toContain('latest')
    }
  }
  // One program of all apps, by the options of the app that is written last: all have the same.
  const [first = ''] = readdirSync(folder)
  const { compilerOptions } = JSON.parse(readFileSync(join(folder, first, 'tsconfig.json'), 'utf8'))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/*.ts'] }))
  const require = createRequire(import.meta.url)
  const tsc = join(dirname(require.resolve('@typescript/native/package.json')), 'bin', 'tsc')
  const compiled = spawnSync(process.execPath, [tsc, '-p', folder, '--noUnusedLocals'], { encoding: 'utf8' })
  expect(compiled.stdout + compiled.stderr).toBe('')
})
