import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { displayText } from '@behalf/core/interrupts'
import { TestingError } from '@behalf/testing'
import type { SandboxProfile } from '../authorization-server/index.ts'
import { describeEvent, type SandboxEvent } from '../events/index.ts'
import { openSandbox, type Sandbox, type SandboxFault, type SandboxOptions } from '../start/index.ts'
import { bannerOf, type Called } from './banner.ts'
import { writeControlFile } from './control-file.ts'

export interface ServeOptions extends Called {
  readonly port: number
  readonly profile?: string | undefined
  readonly data?: string | undefined
  readonly seed?: string | undefined
  readonly interval?: number | undefined
  readonly answers?: string | undefined
  readonly json: boolean
  readonly write: (text: string) => void
}

/** Runs a sandbox until the process gets a signal to end. */
export async function serve(options: ServeOptions): Promise<void> {
  const { port, json, write } = options
  const key = randomBytes(32).toString('base64url')
  const sandbox = await openSandbox(sandboxOptions(options), key).catch((error: unknown) => {
    throw explained(error, port)
  })
  // Registered before anything is printed: a program that reads the output may end the sandbox at once.
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const { port: actual } = new URL(sandbox.phone.origin)
  const removeControlFile = writeControlFile(Number(actual), { origin: sandbox.phone.origin, key })
  write(json ? `${JSON.stringify(started(sandbox))}\n` : bannerOf(sandbox, options))
  sandbox.onEvent((event) => {
    if (json) write(`${JSON.stringify(event)}\n`)
    else if (isNews(event)) write(`${describeEvent(event)}\n`)
  })
  const stopReading = process.stdin.isTTY ? readFaults(sandbox, write) : () => {}
  await ended
  stopReading()
  removeControlFile()
  await sandbox.close()
}

function sandboxOptions({ port, profile, data, seed, interval, answers }: ServeOptions): SandboxOptions {
  return {
    port,
    interval: interval ?? 2,
    ...(profile !== undefined && { profile: profile as SandboxProfile }),
    ...(data !== undefined && { data }),
    ...(seed !== undefined && { seed: readSeed(seed) }),
    ...(answers !== undefined && { answers: answers as NonNullable<SandboxOptions['answers']> }),
  }
}

function readSeed(file: string): NonNullable<SandboxOptions['seed']> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as NonNullable<SandboxOptions['seed']>
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TestingError(`seed: ${file} cannot be read as JSON: ${displayText(reason)}`, { cause: error })
  }
}

/** Returns whether the servers do not print the same: they print questions, tokens and waiting calls. */
function isNews(event: SandboxEvent): boolean {
  if (event.type !== 'audited') return true
  const { event: told } = event
  return told.type === 'call' ? told.status !== 'interrupted' : told.type === 'operator' || told.type === 'delegation'
}

function started(sandbox: Sandbox): object {
  const phones = Object.fromEntries(sandbox.people.map(({ subject }) => [subject, sandbox.phone.urlOf(subject)]))
  return { type: 'started', at: Date.now(), settings: sandbox.settings, phones, console: sandbox.consoleUrl }
}

function explained(error: unknown, port: number): unknown {
  const code = (error as { readonly code?: unknown } | null)?.code
  if (code === 'EACCES') return new TestingError(`port: ${port} needs more rights: give one from 1024 on with --port`)
  if (code !== 'EADDRINUSE') return error
  const last = port + 6
  return new TestingError(`one of the ports ${port} to ${last} is taken: give another first one with --port`)
}

/** Reads lines such as `fault deny`, typed into the running sandbox. */
function readFaults(sandbox: Sandbox, write: (text: string) => void): () => void {
  const reader = createInterface({ input: process.stdin })
  reader.on('line', (line) => {
    const [, name, question] = /^(?:fault\s+)?(\S+)(?:\s+"?(\S.*?)"?)?$/.exec(line.trim()) ?? []
    if (name === undefined) return
    sandbox
      .fault(name as SandboxFault, question)
      .catch((error: unknown) => write(`${error instanceof Error ? error.message : String(error)}\n`))
  })
  // A terminal passes Ctrl-C to the reader.
  reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  return () => reader.close()
}
