import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type TestContext, test, vi } from 'vitest'
import { loginFile } from '../../../src/sign-in/device-login/device-login.node.ts'
import { takeNumber } from '../../../src/sign-in/device-login/file-lock.node.ts'

const { signal } = new AbortController()
const emptyFolder = () => mkdtemp(join(tmpdir(), 'behalf-lock-'))
const renewals = (folder: string) => join(folder, 'trader', 'login.renewals')

/** Work that notes how many are inside at once. */
function crowd() {
  const seen = { inside: 0, most: 0, turns: 0 }
  const work = async () => {
    seen.turns++
    seen.most = Math.max(seen.most, ++seen.inside)
    await new Promise((resolve) => setTimeout(resolve, 20))
    seen.inside--
  }
  return { seen, work }
}

/** Turns that others left behind: the last one by a process that was killed. */
async function leave(folder: string, turn: number, text = '') {
  await mkdir(renewals(folder), { recursive: true })
  await writeFile(join(renewals(folder), String(turn)), text)
}

function start({ onTestFinished }: TestContext, folder: string, log: string, turns: number, hangs = '') {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'lock-holder.ts'), folder, log, String(turns), hangs],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return { pid: child.pid, kill: () => child.kill('SIGKILL'), ended }
}

test('a login file is one process’s at a time', async () => {
  const folder = await emptyFolder()
  const files = Array.from({ length: 3 }, () => loginFile('trader', folder))
  const { seen, work } = crowd()
  await Promise.all([...files, ...files, ...files, ...files].map((file) => file.alone(signal, work)))
  expect(seen).toMatchObject({ most: 1, turns: 12 })
  // Old turns are swept up, and the last one stays.
  const left = (await readdir(renewals(folder))).map(Number).sort((one, other) => one - other)
  expect(left.at(-1)).toBe(12)
  expect(left.length).toBeLessThan(12)
})

test('it is let go where the work fails, and waiting ends with its signal', async () => {
  const folder = await emptyFolder()
  const file = loginFile('trader', folder)
  await expect(file.alone(signal, () => Promise.reject(new Error('of the work')))).rejects.toThrow('of the work')
  const { seen, work } = crowd()
  await file.alone(signal, work)
  await leave(folder, 3)
  await expect(file.alone(AbortSignal.timeout(200), work)).rejects.toMatchObject({ name: 'TimeoutError' })
  const gone = AbortSignal.abort(new Error('the user went away'))
  await expect(file.alone(gone, work)).rejects.toThrow('the user went away')
  expect(seen.turns).toBe(1)
})

// A holder is dead after five seconds of silence by the files' own times. These tests wait for that beside each other.
test.concurrent.for([2, 5])(
  'of %i who judge the same holder dead, one after another gets its turn',
  async (count, { expect }) => {
    const folder = await emptyFolder()
    await leave(folder, 7)
    const { seen, work } = crowd()
    const started = performance.now()
    await Promise.all(Array.from({ length: count }, () => loginFile('trader', folder).alone(signal, work)))
    expect(performance.now() - started).toBeGreaterThan(4_500)
    expect(seen).toMatchObject({ most: 1, turns: count })
  },
)

test.concurrent('a holder that lives keeps its turn, however long it takes', async ({ expect }) => {
  const folder = await emptyFolder()
  const holder = loginFile('trader', folder)
  let hasLeft = false
  const long = holder.alone(signal, async () => {
    await new Promise((resolve) => setTimeout(resolve, 7_000))
    hasLeft = true
  })
  await vi.waitFor(async () => expect(await readdir(renewals(folder))).toEqual(['1']))
  await loginFile('trader', folder).alone(signal, async () => expect(hasLeft).toBe(true))
  await long
})

test('who comes late with an old number takes no turn, and leaves nothing', async () => {
  const folder = await emptyFolder()
  // One process paused before it took turn 1; meanwhile all until the 40th ended and were removed.
  await leave(folder, 40)
  expect(await takeNumber(renewals(folder), 2)).toBe(false)
  expect(await takeNumber(renewals(folder), 40)).toBe(false)
  expect(await readdir(renewals(folder))).toEqual(['40'])
  expect(await takeNumber(renewals(folder), 41)).toBe(true)
})

test.concurrent('processes that are killed inside delay the others only briefly, and two are never inside at once', async (context) => {
  const { expect } = context
  const folder = await emptyFolder()
  const log = join(folder, 'log')
  await writeFile(log, '')
  const told = async () => (await readFile(log, 'utf8')).trim().split('\n').filter(Boolean)
  const doomed = start(context, folder, log, 1, 'hangs')
  await vi.waitFor(async () => expect(await told()).toEqual([`in ${doomed.pid}`]), { timeout: 30_000 })
  const others = [1, 2, 3].map(() => start(context, folder, log, 6))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(await told()).toHaveLength(1)
  doomed.kill()
  await Promise.all(others.map(({ ended }) => ended))
  const lines = (await told()).slice(1)
  expect(lines).toHaveLength(3 * 6 * 2)
  for (let index = 0; index < lines.length; index += 2) {
    const [what, pid] = lines[index]?.split(' ') ?? []
    expect([what, lines[index + 1]]).toEqual(['in', `out ${pid}`])
  }
})
