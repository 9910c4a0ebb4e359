import { parseDocument } from 'yaml'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Workflow {
  readonly permissions?: unknown
  readonly jobs?: Readonly<Record<string, { readonly 'timeout-minutes'?: number; readonly steps?: readonly Step[] }>>
}

/** Commands and files of the repository that a workflow may run. */
export interface Known {
  file(path: string): boolean
  script(name: string): boolean
  binary(name: string): boolean
}

/**
 * Checks a workflow of GitHub Actions: valid YAML, declared permissions, actions pinned to a commit, and only commands
 * that exist. npm installs only what a lock file names.
 *
 * It does not know GitHub's own schema: an unknown key is not found here.
 */
export function checkWorkflow(text: string, known: Known): { readonly commands: number; readonly problems: string[] } {
  const document = parseDocument(text, { uniqueKeys: true })
  if (document.errors.length > 0) return { commands: 0, problems: document.errors.map(({ message }) => message) }
  const { permissions, jobs = {} } = document.toJS() as Workflow
  const problems: string[] = []
  if (permissions === undefined) problems.push('it does not say what it may do (permissions)')
  const steps = Object.values(jobs).flatMap(({ steps: own = [] }) => own)
  if (steps.length === 0) problems.push('it has no steps')
  for (const [name, job] of Object.entries(jobs))
    if (job['timeout-minutes'] === undefined) problems.push(`${name} may run for hours (timeout-minutes)`)
  for (const { uses } of steps)
    if (uses !== undefined && !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(uses))
      problems.push(`${uses} is not pinned to a commit`)
  const commands = steps.flatMap(commandsOf)
  problems.push(...commands.flatMap((command) => problemsOfCommand(command, known)))
  return { commands: commands.length, problems }
}

/** Returns the commands of a step: its own, or those that it passes to an action. */
function commandsOf({ uses, run, with: inputs = {} }: Step): string[] {
  const given = uses?.startsWith('changesets/action@') ? [inputs.version, inputs.publish] : [run]
  return given
    .flatMap((text) => (typeof text === 'string' ? text.split('\n') : []))
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function problemsOfCommand(command: string, known: Known): string[] {
  // An expression may contain text of any user, such as a branch's name, which would be run.
  if (command.includes('${{')) return [`${command}: an expression in a command is run as code`]
  const [program, first = '', second = '', third = ''] = command.split(/\s+/)
  const isThere =
    ((program === 'bash' || program === 'node') && known.file(first)) ||
    (program === 'npm' && first === 'ci' && second === '--prefix' && known.file(`${third}/package-lock.json`)) ||
    (program === 'npm' && known.script(first === 'run' ? second : first)) ||
    (program === 'echo' && command.endsWith('>> "$GITHUB_PATH"')) ||
    (program === 'sudo' && first === 'apt-get') ||
    (program === 'pnpm' && (first === 'install' || (first === 'exec' && known.binary(second))))
  return isThere ? [] : [`${command}: there is no such command here`]
}
