import { runTool } from '../gates/run-tool.ts'

/** What npm says is read: a silent npm that runs us (`npm test --silent`) would silence this one too. */
const loud = '--loglevel=notice'

export interface PublishOptions {
  /** Makes all steps but the last one. */
  readonly dryRun?: boolean
  /** @default npm's own */
  readonly registry?: string
}

/**
 * Publishes one tarball, with provenance.
 *
 * The tarball is pnpm's: npm would pack the sources as entries. Provenance and access are asked for here and in the
 * manifest (`publishConfig`), so that neither a lost flag nor a lost field publishes without.
 *
 * @throws Error npm refused; the message is what it said.
 */
export async function publish(tarball: string, { dryRun = false, registry }: PublishOptions = {}): Promise<string> {
  const args = ['publish', tarball, '--access', 'public', '--provenance', loud]
  if (dryRun) args.push('--dry-run')
  if (registry !== undefined) args.push(`--@behalf:registry=${registry}`)
  const { code, output } = await runTool('npm', args)
  if (code !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${output}`)
  return output
}

/** Whether npm has this version already. @throws Error It cannot be asked. */
export async function isPublished(name: string, version: string): Promise<boolean> {
  const { code, output } = await runTool('npm', ['view', `${name}@${version}`, 'version', loud])
  if (code === 0) return output.includes(version)
  if (/\bE404\b/.test(output)) return false
  throw new Error(`npm cannot say whether it has ${name} ${version}:\n${output}`)
}
