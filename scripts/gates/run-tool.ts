import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import type { Verdict } from './gate.ts'
import { root } from './repository.ts'

const binaries = join(root, 'scripts', 'node_modules', '.bin')

export interface ToolResult {
  readonly code: number
  readonly stdout: string
  /** Output of both streams, in order of arrival. */
  readonly output: string
}

/** Runs a program, preferably one of the repository's own tools, and returns its output. */
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
    /** Maximum time. After it, the program is ended, and has failed. @default unlimited */
    readonly timeoutMs?: number
    /** Called with the program's output while it runs. */
    readonly print?: (text: string) => void
  } = {},
): Promise<ToolResult> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env, PATH: `${binaries}${delimiter}${process.env.PATH}` },
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

/** Runs a gate that passes if one tool exits with 0. */
export async function toolVerdict(command: string, args: readonly string[], note?: string): Promise<Verdict> {
  const { code, output } = await runTool(command, args)
  return { ok: code === 0, output: output.trim(), ...(note === undefined ? {} : { note }) }
}
