import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { TestingError } from '@behalf/testing'
import * as z from 'zod/mini'

/** Address and secret to control a running sandbox. Any user who can read the file controls it. */
export interface ControlPlace {
  readonly origin: string
  readonly key: string
}

const Place = z.object({
  origin: z.string().check(z.regex(/^http:\/\/127\.0\.0\.1:\d+$/)),
  key: z.string(),
  pid: z.int().check(z.positive()),
})

/** Maximum time for an answer: a stopped process accepts connections and never answers. */
const ANSWER_MS = 10_000

const folder = (): string => join(process.env.XDG_RUNTIME_DIR ?? join(homedir(), '.behalf'), 'behalf-sandbox')
const fileOf = (port: number): string => join(folder(), `${port}.json`)

/** @returns removes it */
export function writeControlFile(port: number, place: ControlPlace): () => void {
  mkdirSync(folder(), { recursive: true, mode: 0o700 })
  chmodSync(folder(), 0o700)
  const file = fileOf(port)
  // An existing file may be readable by others.
  rmSync(file, { force: true })
  writeFileSync(file, JSON.stringify({ ...place, pid: process.pid }), { mode: 0o600, flag: 'wx' })
  return () => rmSync(file, { force: true })
}

/** @throws TestingError No sandbox runs there, or several run and none was named. */
export function readControlFile(port: number | undefined): ControlPlace {
  const ports = portsThere().filter((one) => isAlive(one))
  const [only, ...others] = port === undefined ? ports : ports.filter((one) => one === port)
  if (only === undefined) {
    throw new TestingError(
      port === undefined
        ? 'no sandbox runs here: start one with `npx @behalf/sandbox` (in the repository: `npm run sandbox`)'
        : `no sandbox of this user runs on port ${port}${ports.length > 0 ? `; there is ${ports.join(', ')}` : ''}`,
    )
  }
  if (others.length > 0) throw new TestingError(`several sandboxes run: name one by --port ${ports.join(', ')}`)
  return placeAt(only)
}

function portsThere(): readonly number[] {
  try {
    return readdirSync(folder()).flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
  } catch {
    return []
  }
}

function placeAt(port: number): z.infer<typeof Place> {
  const parsed = Place.safeParse(JSON.parse(readFileSync(fileOf(port), 'utf8')))
  if (parsed.success) return parsed.data
  throw new TestingError(`${fileOf(port)} is not a file of a sandbox: remove it`)
}

/** Returns whether the sandbox is running. A process that was killed leaves its file, which is then removed. */
function isAlive(port: number): boolean {
  try {
    return process.kill(placeAt(port).pid, 0)
  } catch (error) {
    // `EPERM`: the process exists, and belongs to another user.
    if ((error as { readonly code?: unknown }).code === 'EPERM') return true
    if (error instanceof TestingError) throw error
    rmSync(fileOf(port), { force: true })
    return false
  }
}

/** Sends a command to a running sandbox. @throws TestingError It has ended, or refused; the message says which. */
export async function control(place: ControlPlace, command: object): Promise<unknown> {
  const answer = await send(place, command).catch((cause: unknown) => {
    throw new TestingError(`the sandbox at ${place.origin} does not answer: was it killed? Start it again`, { cause })
  })
  if (answer.status === 403) {
    throw new TestingError(`another sandbox has the address ${place.origin} now: yours has ended. Start it again`)
  }
  if (answer.status === 200) return answer.body
  throw new TestingError(answer.body.error ?? `the sandbox answered ${answer.status}`)
}

async function send(place: ControlPlace, command: object) {
  const response = await fetch(`${place.origin}/control`, {
    method: 'POST',
    headers: { authorization: `Bearer ${place.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(command),
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  return { status: response.status, body: (await response.json()) as { readonly error?: string } }
}
