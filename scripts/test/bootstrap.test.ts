import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../gates/repository.ts'
import { folderWith, write } from './fixture.ts'

/** A program on PATH that records its calls and does what its script says. */
const program = (script: string) => `#!/usr/bin/env node
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
const args = process.argv.slice(2)
const record = (name) => appendFileSync('calls.log', name + ' ' + args.join(' ') + '\\n')
${script}
`
const pnpm = program(`
if (args[0] === '--version') { console.log('12.21.0'); process.exit() }
if (args[0] === 'config') { console.log('https://registry.example/'); process.exit() }
record('pnpm')
const wish = existsSync('wish') ? readFileSync('wish', 'utf8') : ''
if (wish === 'fail') {
  console.error('ERR_PNPM_META_FETCH_FAIL  GET https://registry.example/msw: request to https://registry.example/msw failed, reason: connect ECONNREFUSED')
  process.exit(1)
}
mkdirSync('node_modules/.pnpm', { recursive: true })
writeFileSync('node_modules/.modules.yaml', '')
mkdirSync('packages/core/node_modules', { recursive: true })
if (wish === 'hang') { console.log('Progress: resolved 5, downloaded 1'); await new Promise((go) => setTimeout(go, 20_000)) }
if (wish === 'slow') await new Promise((go) => setTimeout(go, 800))
console.log('Progress: resolved 5, reused 5, downloaded 0, added 5, done')
`)

/** Creates a repository with the real set-up scripts, and with fake tools. */
function repository(): string {
  const folder = folderWith({
    'package.json': '{ "type": "module" }',
    'pnpm-lock.yaml': 'lockfileVersion: 9',
    'pnpm-workspace.yaml': 'packages: [packages/*]',
    '.npmrc': '',
    'docs/package.json': '{}',
    'scripts/package.json': '{}',
    'packages/core/package.json': '{ "name": "@behalf/core" }',
    'examples/stock-agent/package.json': '{}',
    'examples/stock-agent/src/main.ts':
      "const text: string = 'demo of ' + process.argv.slice(2).join(' ')\nconsole.log(text)\n",
    'examples/stock-agent-other/src/main.ts': "console.log('the other demo')\n",
    'examples/stock-agent-other/package.json': '{}',
    'bin/package.json': '{ "type": "module" }',
    'bin/pnpm': pnpm,
  })
  cpSync(join(root, 'scripts', 'bootstrap'), join(folder, 'scripts', 'bootstrap'), { recursive: true })
  cpSync(join(root, 'scripts', 'bootstrap.mjs'), join(folder, 'scripts', 'bootstrap.mjs'))
  chmodSync(join(folder, 'bin', 'pnpm'), 0o755)
  return folder
}

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  /** Waits until the run has printed this text. */
  readonly said: (text: string) => Promise<void>
}

function start(folder: string, ...args: string[]): Run {
  const child = spawn(process.execPath, ['scripts/bootstrap.mjs', ...args], {
    cwd: folder,
    env: { PATH: [join(folder, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter), HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))),
    said: async (text) => {
      while (!(stdout + stderr).includes(text)) await new Promise((go) => setTimeout(go, 10))
    },
  }
}

const run = (folder: string, ...args: string[]) => start(folder, ...args).ended
const calls = (folder: string) => {
  const log = join(folder, 'calls.log')
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
}
const wish = (folder: string, what: string) => write(folder, 'wish', what)
const stamp = (folder: string) => join(folder, 'node_modules', '.behalf', 'installed.json')
const install = 'pnpm install --frozen-lockfile --filter @behalf/example-stock-agent... --reporter=append-only'

describe.skipIf(process.platform === 'win32')('the set-up', () => {
  test('installs what the demo needs, says so, and does it once', async () => {
    const folder = repository()
    const first = await run(folder, 'demo', '--interactive')
    expect(first).toMatchObject({ code: 0, stdout: 'demo of --interactive\n' })
    expect(first.stderr).toContain('behalf: installing what is needed for the demo, with pnpm.')
    expect(await run(folder, 'demo')).toEqual({ code: 0, stdout: 'demo of \n', stderr: '' })
    expect(calls(folder)).toEqual([install])
  })

  test('hands the exit code on', async () => {
    const folder = repository()
    write(folder, 'examples/stock-agent/src/main.ts', 'process.exit(7)\n')
    expect(await run(folder, 'demo')).toMatchObject({ code: 7 })
  })

  test('installs again when a manifest or the lockfile changes, and when node_modules is gone', async () => {
    const folder = repository()
    await run(folder, 'demo')
    write(folder, 'packages/core/package.json', '{ "name": "@behalf/core", "version": "2.0.0" }')
    await run(folder, 'demo')
    write(folder, 'pnpm-lock.yaml', 'lockfileVersion: 10')
    await run(folder, 'demo')
    rmSync(join(folder, 'packages/core/node_modules'), { recursive: true })
    await run(folder, 'demo')
    rmSync(join(folder, 'node_modules'), { recursive: true })
    await run(folder, 'demo')
    expect(calls(folder)).toHaveLength(5)
  })

  test('knows the other demos by name', async () => {
    const folder = repository()
    expect(await run(folder, 'demo', 'other')).toMatchObject({ code: 0, stdout: 'the other demo\n' })
    const unknown = await run(folder, 'demo', 'mastodon')
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('npm run demo -- other')
  })

  test('an install of everything serves the demo too, and not the other way round', async () => {
    const folder = repository()
    for (const name of ['test', 'bench']) write(folder, `scripts/${name}.ts`, `console.log('${name}')\n`)
    await run(folder, 'demo')
    await run(folder, 'test')
    await run(folder, 'bench')
    await run(folder, 'demo')
    expect(calls(folder)).toEqual([install, 'pnpm install --frozen-lockfile --reporter=append-only'])
  })

  test('what a developer installed by hand stays whole', async () => {
    const folder = repository()
    write(folder, 'node_modules/.pnpm-workspace-state-v1.json', '{ "filteredInstall": false }')
    await run(folder, 'demo')
    await run(folder, 'demo')
    expect(calls(folder)).toEqual(['pnpm install --frozen-lockfile --reporter=append-only'])
  })

  test('a failed download names what failed, where, and what to do', async () => {
    const folder = repository()
    wish(folder, 'fail')
    const { code, stderr } = await run(folder, 'demo')
    expect(code).toBe(1)
    expect(stderr).toContain('could not install what is needed for the demo (at https://registry.example/msw).')
    expect(stderr).toContain('connect ECONNREFUSED')
    expect(stderr).toContain('Registry: https://registry.example/')
    expect(stderr).toContain('HTTPS_PROXY')
    expect(stderr).toContain('Then run again: npm run demo.')
    expect(existsSync(stamp(folder))).toBe(false)
    wish(folder, '')
    expect(await run(folder, 'demo')).toMatchObject({ code: 0 })
  })

  test('Ctrl-C ends the install with all that it started; the next run does it again', async () => {
    const folder = repository()
    wish(folder, 'hang')
    const stopped = start(folder, 'demo')
    await stopped.said('Progress:')
    stopped.child.kill('SIGINT')
    const { code, stderr } = await stopped.ended
    expect(code).toBe(130)
    expect(stderr).toContain('stopped. Nothing is half-done')
    expect(existsSync(stamp(folder))).toBe(false)
    expect(existsSync(join(folder, 'node_modules/.behalf/lock'))).toBe(false)
    wish(folder, '')
    expect(await run(folder, 'demo')).toMatchObject({ code: 0 })
    expect(calls(folder)).toEqual([install, install])
  })

  test('Ctrl-C ends the demo', async () => {
    const folder = repository()
    write(folder, 'examples/stock-agent/src/main.ts', "console.log('here')\nsetTimeout(() => {}, 60_000)\n")
    const running = start(folder, 'demo')
    await running.said('here')
    running.child.kill('SIGINT')
    expect(await running.ended).toMatchObject({ code: 130 })
  })

  test('two runs at once install once; the other waits and says so', async () => {
    const folder = repository()
    wish(folder, 'slow')
    const ended = await Promise.all([run(folder, 'demo'), run(folder, 'demo'), run(folder, 'demo')])
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(calls(folder)).toEqual([install])
    expect(ended.map(({ stderr }) => stderr).join('')).toContain('is setting up this folder; waiting for it')
  })

  test('takes over from a run that was killed in the middle', async () => {
    const folder = repository()
    wish(folder, 'hang')
    const killed = start(folder, 'demo')
    await killed.said('Progress:')
    killed.child.kill('SIGKILL')
    await killed.ended
    expect(existsSync(join(folder, 'node_modules/.behalf/lock'))).toBe(true)
    wish(folder, '')
    expect(await run(folder, 'demo')).toMatchObject({ code: 0 })
  })
})
