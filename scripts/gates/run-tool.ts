import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import type { Verdict } from './gate.ts'
import { root } from './repository.ts'

const binaries = join(root, 'scripts', 'node_modules', '.bin')

export interface ToolResult {
  readonly code: number
  readonly stdout: string
  /** Both streams, in the order in which they came. */
  readonly output: string
}

/** Runs a program, by preference one of the repository's own tools, and keeps what it says. */
export function runTool(
  command: string,
  args: readonly string[],
  {
    cwd = root,
    env = {},
    timeoutMs,
    print,
  }: {
    readonly cwd?: string
    readonly env?: Readonly<Record<string, string>>
    /** After it the program is ended, and has failed. @default never */
    readonly timeoutMs?: number
    /** Is given what the program says while it runs. */
    readonly print?: (text: string) => void
  } = {},
): Promise<ToolResult> {
  const child = spawn(command, args, {
    cwd,
    env: {
      ...process.env,
      NO_COLOR: '1',
      FORCE_COLOR: '0',
      ...env,
      PATH: `${binaries}${delimiter}${process.env.PATH}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  })
  let stdout = ''
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    output += text
    print?.(text.trimEnd())
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, stdout, output: `${output}${command}: ${error.message}` }))
    child.on('close', (code, signal) => {
      const ended = signal === null ? '' : `\n${command} was ended by ${signal}`
      resolve({ code: code ?? 1, stdout, output: `${output}${ended}` })
    })
  })
}

/** A gate that is one tool's exit code. */
export async function toolVerdict(command: string, args: readonly string[], note?: string): Promise<Verdict> {
  const { code, output } = await runTool(command, args)
  return { ok: code === 0, output: output.trim(), ...(note === undefined ? {} : { note }) }
}
