import { createRequire } from 'node:module'
import type * as CycloneDx from '@cyclonedx/cyclonedx-library'
import type { PackedManifest } from '../gates/packed-packages.ts'
import { root } from '../gates/repository.ts'
import { runTool } from '../gates/run-tool.ts'

const { Validation, Spec } = createRequire(import.meta.url)('@cyclonedx/cyclonedx-library') as typeof CycloneDx

const VERSION = Spec.Version.v1dot7

interface Bill {
  readonly metadata?: { readonly component?: Component }
  readonly components?: readonly Component[]
}

interface Component {
  readonly group?: string
  readonly name: string
  readonly version?: string
}

/**
 * Returns the contents of a package's install, by the lockfile, as a CycloneDX document.
 *
 * Omits peers, which the user installs. These are the tested versions; a caret range lets users get newer ones.
 *
 * @throws Error pnpm returned no document.
 */
export async function billOf(name: string, base: string = root): Promise<string> {
  const asked = ['--sbom-format', 'cyclonedx', '--sbom-spec-version', VERSION, '--prod', '--exclude-peers']
  const { code, stdout, output } = await runTool('pnpm', ['sbom', ...asked, '--filter', name], { cwd: base })
  if (code !== 0) throw new Error(`pnpm sbom made no bill of materials for ${name}:\n${output}`)
  return stdout
}

/** Returns the problems of a bill, by CycloneDX's schema and by the package's manifest. */
export async function problemsOfBill(bill: string, manifest: PackedManifest): Promise<string[]> {
  const invalid = await new Validation.JsonStrictValidator(VERSION).validate(bill)
  if (invalid !== null) return [`${manifest.name}: its bill of materials is no CycloneDX: ${JSON.stringify(invalid)}`]
  const { metadata, components = [] } = JSON.parse(bill) as Bill
  const subject =
    metadata?.component === undefined ? 'nothing' : `${nameOf(metadata.component)}@${metadata.component.version}`
  const listed = new Set(components.map(nameOf))
  return [
    ...(subject === `${manifest.name}@${manifest.version}`
      ? []
      : [`${manifest.name}: its bill of materials is of ${subject}`]),
    ...Object.keys(manifest.dependencies ?? {})
      .filter((name) => !listed.has(name))
      .map((name) => `${manifest.name}: its bill of materials leaves out ${name}`),
  ]
}

const nameOf = ({ group, name }: Component): string => (group === undefined ? name : `${group}/${name}`)
