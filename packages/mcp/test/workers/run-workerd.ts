import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { esbuild } from '../../../../scripts/gates/esbuild.ts'
import { workerd } from '../../../../scripts/smoke/workerd.ts'

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

/**
 * Serves Workers under one workerd, each at its own port. All their requests go to `outside`, whatever their host.
 * @throws Error workerd did not start. The message is its output, which names the Worker.
 */
export async function runWorkerd(
  programs: Readonly<Record<string, WorkerProgram>>,
  outside: { readonly port: number },
): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-workerd-'))
  try {
    await bundle(programs, folder)
    writeFileSync(join(folder, 'config.capnp'), configOf(programs, outside.port))
    const child = spawn(workerd, ['serve', '--control-fd=1', 'config.capnp'], { cwd: folder })
    const kill = () => void child.kill('SIGKILL')
    // A test that takes too long leaves no program behind either.
    process.once('exit', kill)
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const close = async () => {
      kill()
      await ended
      process.off('exit', kill)
      rmSync(folder, { recursive: true, force: true })
    }
    return { origins: await originsOf(child, Object.keys(programs)), close }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Bundles all programs at once, so that what they share is read once. */
async function bundle(programs: Readonly<Record<string, WorkerProgram>>, outdir: string): Promise<void> {
  const names = Object.keys(programs)
  await esbuild.build({
    entryPoints: names,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    conditions: ['workerd', 'worker'],
    external: ['node:*'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'programs',
        setup(build: PluginBuild) {
          build.onResolve({ filter: /./ }, ({ path, kind }) =>
            kind === 'entry-point' ? { path, namespace: 'program' } : undefined,
          )
          build.onLoad({ filter: /./, namespace: 'program' }, ({ path }) => {
            const { code: contents = '', resolveDir } = programs[path] ?? {}
            return { contents, resolveDir, loader: 'ts' }
          })
        },
      },
    ],
  })
}

/** The part of esbuild's interface for plugins that is used. */
interface PluginBuild {
  onResolve(options: object, resolve: (asked: { readonly path: string; readonly kind: string }) => unknown): void
  onLoad(options: object, load: (asked: { readonly path: string }) => unknown): void
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
