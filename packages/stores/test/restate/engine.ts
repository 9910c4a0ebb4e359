import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { killChild, ownChild } from '../children.ts'
import { freePort } from '../free-port.ts'

/** A folder with the packages of Restate: `npm install @restatedev/restate-sdk @restatedev/restate-server`. */
const home = process.env.RESTATE_HOME

/** What the test uses of a handler's context, by shape: the packages are no dependency of this repository. */
export interface Context {
  readonly rand: { uuidv4(): string }
  run<Result>(name: string, action: () => Promise<Result>): Promise<Result>
  sleep(milliseconds: number): Promise<void>
}

interface Sdk {
  service(definition: {
    readonly name: string
    readonly handlers: Readonly<Record<string, (context: Context, input: never) => Promise<unknown>>>
  }): unknown
  serve(options: { readonly services: readonly unknown[]; readonly port: number }): Promise<number>
}

const here = () => createRequire(join(home ?? '/', 'package.json'))

export const sdk = (): Sdk => here()('@restatedev/restate-sdk')

export interface Engine {
  /** Calls a handler once, whatever happens to its process. @returns what it returned in the end */
  call(service: string, handler: string, input: unknown): Promise<unknown>
  /** Tells the engine where the handlers are. */
  register(port: number): Promise<void>
  stop(): Promise<void>
}

/** A real Restate server, on free ports. */
export async function startEngine(): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-restate-'))
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()]
  const env = {
    ...process.env,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_BASE_DIR: directory,
    RESTATE_LISTEN_MODE: 'tcp',
    RESTATE_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: '1',
  }
  const program = here().resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`)
  const child: ChildProcess = ownChild(spawn(program, ['--no-logo'], { env, cwd: directory, stdio: 'ignore' }))
  const post = (port: number, path: string, body: unknown) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  for (let tries = 0; ; tries++) {
    const response = await fetch(`http://127.0.0.1:${admin}/health`).catch(() => undefined)
    if (response?.ok) break
    if (child.exitCode !== null || tries === 600) throw new Error('restate-server does not start')
    await wait(100)
  }
  return {
    async call(service, handler, input) {
      const response = await post(ingress, `/${service}/${handler}`, input)
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      return response.json()
    },
    async register(port) {
      const response = await post(admin, '/deployments', { uri: `http://127.0.0.1:${port}`, force: true })
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    },
    async stop() {
      await killChild(child)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
