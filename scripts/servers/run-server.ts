import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** A third-party server, started for the live suites. */
export interface RunningServer {
  readonly url: string
  /** Resolves when the process has ended. */
  stop(): Promise<void>
}

export interface ServerCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly url: string
  /** A path that returns a success once the server is ready. */
  readonly probe: string
  readonly startSeconds: number
  readonly probeMs: number
}

/**
 * Creates a private folder, if it is missing, for programs that are downloaded once and run often.
 *
 * @returns The reason of a failure, in words. All users share the temporary folder, so files of another user are not
 *   run.
 */
export async function ownFolder(folder: string): Promise<string | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return (await stat(folder)).uid === (process.getuid?.() ?? 0) ? undefined : `${folder} belongs to another user`
}

/** Starts a server and waits until it answers. It ends with this process. @returns `undefined` when it does not answer */
export async function runServer(server: ServerCommand): Promise<RunningServer | undefined> {
  const { command, args, env, url } = server
  const child = spawn(command, args, { stdio: 'ignore', ...(env && { env }) })
  const end = () => child.kill()
  process.once('exit', end)
  const stop = async () => {
    process.off('exit', end)
    await ended(child)
  }
  if (await answers(server, child)) return { url, stop }
  await stop()
  return undefined
}

async function answers({ url, probe, startSeconds, probeMs }: ServerCommand, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + startSeconds * 1000
  while (Date.now() < until && child.exitCode === null) {
    const response = await fetch(url + probe).catch(() => undefined)
    if (response?.ok === true) return true
    await wait(probeMs)
  }
  return false
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill()
  await gone
}
