import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { esbuild } from '../../../../scripts/gates/esbuild.ts'
import { root } from '../../../../scripts/gates/repository.ts'

/** A Worker: a module with a default export. */
export interface WorkerProgram {
  readonly code: string
  /** The folder whose packages it imports. */
  readonly resolveDir: string
}

export interface Workerd {
  /** Address of each Worker, by its name. */
  readonly origins: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** The program that the package `workerd` brings, without the script around it, which passes no signal on. */
const workerd = createRequire(join(root, 'scripts', 'package.json'))('workerd') as { readonly default: string }

/**
 * Serves Workers under one workerd, each at its own port. All their requests go to `outside`, whatever their host.
 * @throws Error workerd did not start. The message is its output, which names the Worker.
 */
export async function runWorkerd(
  programs: Readonly<Record<string, WorkerProgram>>,
  outside: { readonly port: number },
): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-workerd-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const names = Object.keys(programs)
    await Promise.all(Object.entries(programs).map(([name, program]) => bundle(program, join(folder, `${name}.mjs`))))
    writeFileSync(join(folder, 'config.capnp'), configOf(programs, outside.port))
    const child = spawn(workerd.default, ['serve', '--control-fd=1', 'config.capnp'], { cwd: folder })
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const close = async () => {
      child.kill('SIGKILL')
      await ended
      remove()
    }
    return { origins: await originsOf(child, names), close }
  } catch (error) {
    remove()
    throw error
  }
}

async function bundle({ code, resolveDir }: WorkerProgram, outfile: string): Promise<void> {
  await esbuild.build({
    stdin: { contents: code, resolveDir, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    conditions: ['workerd', 'worker'],
    external: ['node:*'],
    logLevel: 'silent',
  })
}

const configOf = (programs: Readonly<Record<string, WorkerProgram>>, port: number): string => {
  const services = Object.entries(programs).map(([name, { code }]) => {
    const variables = [...new Set(code.match(/(?<=process\.env\.)\w+/g))]
    return `(name = "${name}", worker = (
      modules = [(name = "worker", esModule = embed "${name}.mjs")],
      compatibilityDate = "2026-11-01",
      compatibilityFlags = ["${variables.length > 0 ? 'nodejs_compat' : 'nodejs_als'}"],
      bindings = [${variables.map((variable) => `(name = "${variable}", text = "set")`)}],
    ))`
  })
  const sockets = Object.keys(programs).map(
    (name) => `(name = "${name}", service = "${name}", http = (), address = "127.0.0.1:0")`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "internet", external = (address = "127.0.0.1:${port}", http = ())), ${services}],
  sockets = [${sockets}],
);
`
}

/** Waits until each Worker listens. */
function originsOf(child: ChildProcess, names: readonly string[]): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const origins: Record<string, string> = {}
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('close', (code) => reject(new Error(`workerd ended with ${code}: ${said}`)))
    let control = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      control += text
      for (const [, name = '', port] of control.matchAll(/"socket":"([^"]+)","port":(\d+)/g)) {
        origins[name] = `http://127.0.0.1:${port}`
      }
      if (names.every((name) => name in origins)) resolve(origins)
    })
  })
}
