import { parseArgs } from 'node:util'
import { TestingError } from '@behalf/testing'
import { FAULTS, settingsCode } from '../start/index.ts'
import { control, readControlFile } from './control-file.ts'
import { DOCTOR_USAGE, doctorCommand } from './doctor-command.ts'
import { settingsAt } from './login-at.ts'
import { serve } from './serve.ts'
import { requestToken } from './token-command.ts'
import { tryOrder } from './try-order.ts'
import { isUsageError, UsageError } from './usage-error.ts'

const DEFAULT_PORT = 4400

/** Run from the sources, it is the repository's own command. */
const program = import.meta.url.endsWith('.ts') ? 'npm run sandbox --' : 'npx @behalf/sandbox'

const usage = `${program} [--port ${DEFAULT_PORT}] [--profile oidc|auth0|okta|entra|keycloak] [--data FILE] [--seed FILE]
         [--interval SECONDS] [--answers phone|approve|deny] [--json]
         Starts a sandbox on this machine; its seven ports follow each other. --data keeps its state in a SQLite file.
  try [buy|sell] [QUANTITY] [SYMBOL] [--as USER] [--port PORT]
         An agent orders shares at the running sandbox, and waits for the phone.
  token USER [--scopes "SCOPE …"] [--audience API] [--port PORT]
         Prints an access token of a user: for the agent, or for an API or MCP server of --audience.
  settings [--port PORT]
         Prints the running sandbox's settings as code: a whole guard.
  fault <name> ["MESSAGE OF A QUESTION" | --as USER] [--port PORT]
         ${Object.keys(FAULTS).join(', ')}
  ${DOCTOR_USAGE}
`

const write = (text: string): void => void process.stdout.write(text)

/** Runs a command line. @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await command(args)
  } catch (error) {
    // Prints an error that the user can fix in one line; any other is a bug, and keeps its stack.
    if (!(error instanceof TestingError || isUsageError(error))) throw error
    process.stderr.write(`${error.message}\n`)
    if (isUsageError(error)) process.stderr.write(`\n${usage}`)
    return isUsageError(error) ? 2 : 1
  }
}

async function command(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === 'help' || args.some((arg) => arg === '--help' || arg === '-h')) {
    write(usage)
    return 0
  }
  switch (name) {
    case 'doctor':
      return doctorCommand(rest, write)
    case 'fault': {
      const { values, positionals } = parse(rest)
      const [fault, message, ...more] = positionals
      const question = values.as === undefined ? message : { user: values.as }
      if (fault === undefined || more.length > 0 || (message !== undefined && values.as !== undefined))
        throw new UsageError(
          `fault: name one of ${Object.keys(FAULTS).join(', ')}; then, in quotes, an open question, or --as USER`,
        )
      const { effect } = (await control(readControlFile(portOf(values.port)), {
        command: 'fault',
        name: fault,
        ...(question !== undefined && { question }),
      })) as { readonly effect: string }
      write(`${effect}\n`)
      return 0
    }
    case 'try': {
      const { values, positionals } = parse(rest)
      return tryOrder(readControlFile(portOf(values.port)), { user: values.as ?? 'ann', words: positionals, write })
    }
    case 'token': {
      const { values, positionals } = parse(rest)
      const [user, ...more] = positionals
      if (user === undefined || more.length > 0) throw new UsageError('token: name one user, such as token ann')
      const { scopes, audience } = values
      write(`${await requestToken(readControlFile(portOf(values.port)), { user, scopes, audience })}\n`)
      return 0
    }
    case 'settings':
      write(settingsCode(await settingsAt(readControlFile(portOf(parse(rest).values.port)))))
      return 0
    default:
      return start(args)
  }
}

async function start(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args)
  if (positionals.length > 0)
    throw new UsageError(`there is no command ${JSON.stringify(positionals[0])}: see the list below`)
  const { port, profile, data, seed, interval, answers, host, json = false } = values
  if (host !== undefined && host !== '127.0.0.1') {
    throw new TestingError('host: the sandbox is for this machine only: leave host out, or give 127.0.0.1')
  }
  await serve({
    program,
    port: portOf(port) ?? DEFAULT_PORT,
    profile,
    data,
    seed,
    interval: interval === undefined ? undefined : Number(interval),
    answers,
    json,
    write,
  })
  return 0
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      profile: { type: 'string' },
      data: { type: 'string' },
      seed: { type: 'string' },
      interval: { type: 'string' },
      answers: { type: 'string' },
      host: { type: 'string' },
      as: { type: 'string' },
      scopes: { type: 'string' },
      audience: { type: 'string' },
      json: { type: 'boolean' },
    },
  })
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new TestingError(`port: ${JSON.stringify(text)} is not a number: give one such as 4400`)
}
