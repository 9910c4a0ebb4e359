import { runTool } from '../gates/run-tool.ts'

/** npm's output is parsed: `npm test --silent` would silence this npm too. */
const loud = '--loglevel=notice'

export interface PublishOptions {
  /** Performs all steps except the last one. */
  readonly dryRun?: boolean
  /** Address of the registry. @default npm's own */
  readonly registry?: string
}

/**
 * Publishes one tarball, with provenance.
 *
 * The tarball is pnpm's: npm would pack the sources as entries. The command and the manifest (`publishConfig`) both
 * require provenance and access, so that one lost setting has no effect.
 *
 * @throws Error npm refused. The message is npm's output.
 */
export async function publish(tarball: string, { dryRun = false, registry }: PublishOptions = {}): Promise<string> {
  const args = ['publish', tarball, '--access', 'public', '--provenance', loud]
  if (dryRun) args.push('--dry-run')
  if (registry !== undefined) args.push(`--@behalf:registry=${registry}`)
  const { code, output } = await runTool('npm', args)
  if (code !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${output}`)
  return output
}

/** Returns whether npm has this version already. @throws Error npm could not be asked. */
export async function isPublished(name: string, version: string): Promise<boolean> {
  const { code, output } = await runTool('npm', ['view', `${name}@${version}`, 'version', loud])
  if (code === 0) return output.includes(version)
  if (/\bE404\b/.test(output)) return false
  throw new Error(`npm cannot say whether it has ${name} ${version}:\n${output}`)
}
