import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { servePackages } from '../../../../scripts/consumers/serve-packages.ts'
import { type Verdict, verdict } from '../../../../scripts/gates/gate.ts'
import { packedPackages } from '../../../../scripts/gates/packed-packages.ts'
import { unreachable } from '../../../../scripts/smoke/nodes.ts'
import { type FrameworkName, frameworks, namesOf, type ProviderName, providers } from '../../src/choices.ts'
import { start } from './running.ts'
import { tryApp } from './try-app.ts'

type Combination = readonly [FrameworkName, ProviderName]

const everything = (): readonly Combination[] =>
  namesOf(frameworks).flatMap((framework) => namesOf(providers).map((provider): Combination => [framework, provider]))

/**
 * Makes new apps from the tarballs, outside of the workspace, by npm alone: writes, installs, compiles and tests each,
 * and uses those of the sandbox up to the approved order.
 *
 * The packages must be built.
 *
 * @param combinations - @default all of them
 */
export async function checkApps(combinations: readonly Combination[] = everything()): Promise<Verdict> {
  const packed = await packedPackages()
  const tarball = packed.find(({ name }) => name === 'create-behalf')?.tarball ?? ''
  const workshop = realpathSync(mkdtempSync(join(tmpdir(), 'behalf-apps-')))
  const registry = await servePackages(packed)
  const problems: string[] = []
  try {
    for (const [framework, provider] of combinations) {
      const name = `${framework}-${provider}`
      const app = join(workshop, name)
      const npm = (cwd: string, ...args: readonly string[]) =>
        start(['npm', ...args], cwd, { npm_config_loglevel: 'error' }).finishes()
      try {
        const flags = ['--framework', framework, '--provider', provider]
        await npm(workshop, 'exec', '--yes', `--package=${tarball}`, '--', 'create-behalf', name, ...flags)
        writeFileSync(join(app, '.npmrc'), `@behalf:registry=${registry.url}\n`)
        await npm(app, 'install', '--no-audit', '--no-fund')
        await npm(app, 'run', 'types')
        await npm(app, 'test')
        if (provider === 'sandbox') await tryApp(app, framework)
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        if (unreachable.test(problem)) return { ok: true, output: '', notRun: 'npm cannot be reached for new apps' }
        problems.push(`${name}: ${problem}`)
      } finally {
        rmSync(app, { recursive: true, force: true })
      }
    }
  } finally {
    registry.close()
    rmSync(workshop, { recursive: true, force: true })
  }
  return verdict(problems, `${combinations.length} new apps hold`)
}
