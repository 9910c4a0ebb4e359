import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { publishedPackages, root } from '../gates/repository.ts'

/** An entry point of a published package, with its built declarations. */
interface EntryPoint {
  readonly folder: string
  /** Import path, such as `@behalf/core/fga`. */
  readonly name: string
  readonly types: string
}

/**
 * Reports the exported types of each entry point of each published package, from the built declarations.
 *
 * A type is listed only at the entry point that exports it. All entry points share one compilation.
 *
 * @returns Texts by file name, such as `core.fga.api.md`
 * @throws Error The declarations do not compile, or are missing: build first.
 */
export function surfaceReports(): Map<string, string> {
  const entryPoints = publishedPackages().flatMap(({ path, manifest }) => entryPointsOf(path, manifest.name))
  const workshop = mkdtempSync(join(tmpdir(), 'behalf-surface-'))
  try {
    const configs = entryPoints.map((entryPoint) => configOf(entryPoint, entryPoints, workshop))
    const [first] = configs
    if (first === undefined) return new Map()
    const compilerState = CompilerState.create(first, { additionalEntryPoints: entryPoints.map(({ types }) => types) })
    for (const [index, config] of configs.entries()) look(entryPoints[index]?.name ?? '', config, compilerState)
    return new Map(
      readdirSync(join(workshop, 'reports')).map((file) => [
        file,
        readFileSync(join(workshop, 'reports', file), 'utf8'),
      ]),
    )
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

function entryPointsOf(path: string, name: string): EntryPoint[] {
  const folder = join(root, path)
  const { publishConfig } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    publishConfig: { exports: Record<string, string | { types: string }> }
  }
  return Object.entries(publishConfig.exports).flatMap(([entryPoint, target]) =>
    typeof target === 'string' ? [] : [{ folder, name: name + entryPoint.slice(1), types: join(folder, target.types) }],
  )
}

function configOf(
  { folder, name, types }: EntryPoint,
  entryPoints: readonly EntryPoint[],
  workshop: string,
): ExtractorConfig {
  const reportFolder = join(workshop, 'reports')
  mkdirSync(reportFolder, { recursive: true })
  const report = name.replace('@behalf/', '').replaceAll('/', '.')
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      compiler: { overrideTsconfig: { compilerOptions: compilerOptions(entryPoints), files: [types] } },
      apiReport: {
        enabled: true,
        reportFileName: `${report}.api.md`,
        reportFolder,
        reportTempFolder: join(workshop, 'made'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      // The reference checks documentation. Here only compiler errors count.
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' as never } },
        extractorMessageReporting: { default: { logLevel: 'none' as never } },
        tsdocMessageReporting: { default: { logLevel: 'none' as never } },
      },
    },
  })
}

/**
 * Returns the compiler's options. In the workspace, our packages resolve to their sources. Here they resolve to the
 * built files, as for users.
 */
function compilerOptions(entryPoints: readonly EntryPoint[]): object {
  return {
    target: 'es2023',
    lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    types: ['node'],
    paths: Object.fromEntries(entryPoints.map(({ name, types }) => [name, [types]])),
  }
}

function look(name: string, config: ExtractorConfig, compilerState: CompilerState): void {
  const faults: string[] = []
  Extractor.invoke(config, {
    localBuild: true,
    compilerState,
    messageCallback: (message) => {
      message.handled = true
      if ((message.logLevel as string) === 'error') faults.push(message.text)
    },
  })
  if (faults.length > 0) throw new Error(`${name} cannot be told from its declarations:\n${faults.join('\n')}`)
}
