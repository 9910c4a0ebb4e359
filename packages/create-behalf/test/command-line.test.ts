import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../src/run.ts'
import { command, workshop } from './sources.ts'

const flags = ['--framework', 'plain', '--provider', 'sandbox'] as const

test('says what it wrote and the two commands to run, and asks nothing when all is given', async () => {
  const app = join(workshop(), 'my-app')
  const { code, output, problem } = await command(app, ...flags)
  expect({ code, problem }).toEqual({ code: 0, problem: '' })
  expect(output).toMatch(/^Wrote 7 files: package\.json, .*tools\.test\.ts\n/)
  expect(output).toContain(`  cd ${app}\n  npm install\n  npm start\n`)
  expect(JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'))).toMatchObject({ name: 'my-app', private: true })
})

test('names the settings of a provider, and writes them with hints into a file that git ignores', async () => {
  const app = join(workshop(), 'my-app')
  const { output } = await command(app, '--framework', 'mastra', '--provider', 'entra')
  expect(output).toContain('First set ENTRA_TENANT_ID, CLIENT_ID, AUDIENCE, ENTRA_SCOPE in .env.')
  expect(readFileSync(join(app, '.env'), 'utf8')).toMatch(/^# .+\nENTRA_TENANT_ID=\n/)
  expect(readFileSync(join(app, '.gitignore'), 'utf8')).toContain('.env\n')
})

test('writes into an empty folder, and into a new repository of git', async () => {
  const app = join(workshop(), 'my-app')
  mkdirSync(join(app, '.git'), { recursive: true })
  expect(await command(app, ...flags)).toMatchObject({ code: 0 })
})

test.each([
  ['a folder that has files', ['taken', ...flags], 'folder: "taken" is not empty: it has "notes.txt"'],
  ['such a folder, by way of a missing one', ['missing/../taken', ...flags], 'is not empty: it has "notes.txt"'],
  ['a file', ['taken/notes.txt', ...flags], 'cannot be used: ENOTDIR'],
  ['a folder below a file', ['taken/notes.txt/app', ...flags], 'ENOTDIR'],
  ['upper case letters', ['MyApp', ...flags], '"MyApp" cannot be the name of a package'],
  ['spaces', ['my app', ...flags], '"my app" cannot be the name'],
  ['a name that npm refuses', ['node_modules', ...flags], '"node_modules" cannot be the name'],
  ['a name with an escape sequence', ['a\u001b[2J', ...flags], String.raw`"a\u001b[2J" cannot be the name`],
  ['a hidden name', ['.app', ...flags], '".app" cannot be the name'],
  ['a long name', ['a'.repeat(215), ...flags], 'Use 1 to 214'],
  ['two folders', ['one', 'two', ...flags], 'folder: give one, and not ["one","two"]. npm takes options for its own'],
  [
    'an unknown framework',
    ['app', '--framework', 'react'],
    '"react" must be one of plain, ai-sdk, langchain, mastra, openai-agents, claude-agent-sdk, mcp',
  ],
  ['a name of every object as framework', ['app', '--framework', 'toString'], '"toString" must be one of'],
  [
    'an unknown provider',
    ['app', '--provider', 'google'],
    '"google" must be one of sandbox, auth0, okta, keycloak, entra, oidc',
  ],
  ['an unknown option', ['app', '--prot'], "Unknown option '--prot'"],
  ['an option without a value', ['app', '--framework'], "Option '--framework <value>' argument missing"],
  [
    'missing answers without a terminal',
    [],
    'FOLDER, --framework, --provider: missing. There is no terminal to ask in',
  ],
])('refuses %s with the reason and the usage, and writes nothing', async (_what, args, reason) => {
  const folder = workshop()
  mkdirSync(join(folder, 'taken'))
  writeFileSync(join(folder, 'taken', 'notes.txt'), '')
  const [name, ...rest] = args
  const given = name === undefined || name.startsWith('-') ? args : [`${folder}/${name}`, ...rest]
  const { code, output, problem } = await command(...given)
  expect({ code, output }).toEqual({ code: 2, output: '' })
  expect(problem.replaceAll(`${folder}/`, '')).toContain(reason)
  expect(problem).toContain('npm create behalf my-agent -- --framework ai-sdk --provider sandbox')
  expect(existsSync(join(folder, 'app'))).toBe(false)
})

test('the program itself answers --help, and ends with 2 for a mistake, without a stack', () => {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const runMain = (...args: readonly string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  expect(runMain('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('It asks for what is missing') })
  const wrong = runMain('--framework', 'react')
  expect(wrong).toMatchObject({ status: 2, stdout: '' })
  expect(wrong.stderr).not.toMatch(/^ +at /m)
})

/** A terminal at which a person presses keys, each after what it waits for was shown. */
function terminal(...presses: readonly (readonly [shown: RegExp, key: string])[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const left = [...presses]
  let seen = ''
  let text = ''
  stdout.on('data', (chunk: Buffer) => {
    seen += chunk
    text += chunk
    const [next] = left
    if (next === undefined || !next[0].test(seen)) return
    left.shift()
    seen = ''
    setTimeout(() => stdin.write(next[1]), 20)
  })
  const isTTY = { isTTY: true, setRawMode: () => stdin, columns: 100, rows: 40 }
  return {
    streams: { stdin: Object.assign(stdin, isTTY), stdout: Object.assign(stdout, isTTY), stderr },
    shown: () => text,
  }
}

const [down, enter, ctrlC] = ['\u001b[B', '\r', '\u0003']

test('asks at a terminal for the framework and the provider, and writes what was chosen', async () => {
  const app = join(workshop(), 'my-app')
  const { streams, shown } = terminal(
    [/Framework/, down],
    [/Vercel/, enter],
    [/Where users log in/, down],
    [/Auth0/, enter],
  )
  expect(await run([app], streams)).toBe(0)
  expect(shown()).toContain('AUTH0_DOMAIN')
  expect(readFileSync(join(app, 'app.ts'), 'utf8')).toContain("from '@behalf/ai-sdk'")
})

test('asks again for a folder that cannot be used', async () => {
  const folder = workshop()
  const { streams, shown } = terminal([/Folder of the new app/, `X${enter}`], [/cannot be the name/, ctrlC])
  const before = process.cwd()
  process.chdir(folder)
  onTestFinished(() => process.chdir(before))
  expect(await run([...flags], streams)).toBe(130)
  expect(shown()).toContain('Stopped. Nothing was written.')
})

test('writes nothing when the person breaks off', async () => {
  const app = join(workshop(), 'my-app')
  const { streams, shown } = terminal([/Framework/, ctrlC])
  expect(await run([app], streams)).toBe(130)
  expect(shown()).toContain('Stopped. Nothing was written.')
  expect(existsSync(app)).toBe(false)
})
