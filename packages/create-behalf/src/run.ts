import type { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { ask } from './ask.ts'
import { type Choices, frameworks, namesOf, providers } from './choices.ts'
import { OLDEST_NODE, settingsOf } from './files-of.ts'
import { UsageError } from './usage-error.ts'
import { problemOfFolder, writeApp } from './write-app.ts'

const USAGE = `npm create behalf [FOLDER] [-- --framework NAME --provider NAME]

  FOLDER       a new or empty folder, such as my-agent
  --framework  ${namesOf(frameworks).join(', ')}
  --provider   ${namesOf(providers).join(', ')}

It asks for what is missing. Example:
  npm create behalf my-agent -- --framework ai-sdk --provider sandbox
`

/** Streams of the process that runs a command line. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
}

/** Runs a command line. @returns the exit code */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await create(args, terminal)
  } catch (error) {
    if (!isUsageError(error)) throw error
    terminal.stderr.write(`${error.message}\n\n${USAGE}`)
    return 2
  }
}

async function create(args: readonly string[], { stdin, stdout }: Terminal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { framework: { type: 'string' }, provider: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help === true) {
    stdout.write(USAGE)
    return 0
  }
  const [folder, ...rest] = positionals
  if (rest.length > 0) {
    throw new UsageError(
      `folder: give one, and not ${JSON.stringify(positionals)}. npm takes options for its own without \`--\` before them.`,
    )
  }
  const problem = folder === undefined ? undefined : problemOfFolder(folder)
  if (problem !== undefined) throw new UsageError(problem)
  const framework = chosen('framework', values.framework, frameworks)
  const provider = chosen('provider', values.provider, providers)
  const given = { ...(folder && { folder }), ...(framework && { framework }), ...(provider && { provider }) }
  const choices = isComplete(given) ? given : await asked(given, { stdin, stdout })
  if (choices === undefined) {
    stdout.write('Stopped. Nothing was written.\n')
    return 130
  }
  const files = writeApp(choices)
  stdout.write(nextSteps(choices, files))
  return 0
}

const isComplete = (given: Partial<Choices>): given is Choices =>
  given.folder !== undefined && given.framework !== undefined && given.provider !== undefined

async function asked(given: Partial<Choices>, { stdin, stdout }: Omit<Terminal, 'stderr'>) {
  if (stdin.isTTY === true && stdout.isTTY === true) return ask(given, { input: stdin, output: stdout })
  const missing = [
    ...(given.folder === undefined ? ['FOLDER'] : []),
    ...(given.framework === undefined ? ['--framework'] : []),
    ...(given.provider === undefined ? ['--provider'] : []),
  ]
  throw new UsageError(
    `${missing.join(', ')}: missing. There is no terminal to ask in, so give it on the command line.`,
  )
}

function chosen<Name extends string>(
  option: string,
  value: string | undefined,
  table: Readonly<Record<Name, unknown>>,
): Name | undefined {
  const found = namesOf(table).find((name) => name === value)
  if (value === undefined || found !== undefined) return found
  throw new UsageError(`--${option}: ${JSON.stringify(value)} must be one of ${namesOf(table).join(', ')}`)
}

function nextSteps({ folder, framework, provider }: Choices, files: readonly string[]): string {
  const settings = Object.keys(settingsOf({ framework, provider }))
  const isOld = !runsTypeScript(process.versions.node)
  return [
    `Wrote ${files.length} files: ${files.join(', ')}`,
    '',
    ...(isOld ? [`The app needs Node ${OLDEST_NODE} or newer; this is ${process.versions.node}.`, ''] : []),
    ...(settings.length > 0 ? [`First set ${settings.join(', ')} in .env. Then:`, ''] : []),
    ...(folder === '.' ? [] : [`  cd ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}`]),
    '  npm install',
    '  npm start',
    '',
    ...(framework === 'mcp' && provider === 'sandbox'
      ? ['In a second terminal, `npm run client` signs in to the server and calls its tool.']
      : []),
    '`npm test` runs the test of the tool.',
    '',
  ].join('\n')
}

function runsTypeScript(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

/** Returns whether to print the usage: for our own error, or for an option that `parseArgs` does not know. */
function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true
  return error instanceof TypeError && String((error as { readonly code?: unknown }).code).startsWith('ERR_PARSE_ARGS_')
}
