import { spawn } from 'node:child_process'

/** What a program wrote, and whether it ended by itself. */
export interface BoundedRun {
  readonly output: string
  readonly isOver: boolean
  /** `undefined` where it was ended, or never began. */
  readonly code: number | undefined
}

/**
 * Runs a program for `milliseconds` at most, and ends it then with all that it started: the suite kills a client's
 * shell only, and waits for ever for a client that hangs.
 */
export function runBounded(
  program: string,
  args: readonly string[],
  { cwd, env, milliseconds }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv; readonly milliseconds: number },
): Promise<BoundedRun> {
  // A group of its own, so that it can be ended as a whole.
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve) => {
    const end = (isOver: boolean, code?: number | null) => {
      clearTimeout(timer)
      if (!isOver) endGroup(child.pid)
      resolve({ output, isOver, code: code ?? undefined })
    }
    const timer = setTimeout(() => end(false), milliseconds)
    child.once('error', (error) => {
      output += error.message
      end(true)
    })
    child.once('close', (code) => end(true, code))
  })
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
