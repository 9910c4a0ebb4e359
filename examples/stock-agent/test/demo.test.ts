import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly lines: readonly string[]
}

/** Runs the demo as a user does. */
function run(args: readonly string[] = [], { input = '', env = {} } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, FORCE_COLOR: undefined, ...env } })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const output = Buffer.concat(chunks).toString()
      resolve({ code, output, lines: output.trimEnd().split('\n') })
    })
  })
}

describe('unattended', () => {
  let demo: Ended
  beforeAll(async () => {
    demo = await run()
  })

  test('ends well, with one line that says so', () => {
    expect(demo.output).not.toContain('MISMATCH')
    expect(demo.lines.at(-1)).toMatch(/^4 levels, 5 refusals: [1-9]\d+ checks, 0 mismatches$/)
    expect(demo.code).toBe(0)
  })

  test('says in its first lines that the model is scripted, and where a real one is', () => {
    const first = demo.lines.slice(0, 5).join('\n')
    expect(first).toContain('scripted planner')
    expect(first).toContain('examples/stock-agent-')
  })

  test.each([
    'Level 1: public',
    'Level 2: identity',
    'Level 3: private data',
    'Level 4: sensitive action',
    'Refusal 1: denied by the person',
    'Refusal 2: approved for 50, tried with 500',
    'Refusal 3: the same approval tried twice',
    'Refusal 4: another user in the same thread',
    'Refusal 5: an approval that runs out',
  ])('shows %s', (title) => {
    expect(demo.lines).toContain(title)
  })

  test('shows the question, the token by what it says, the trace and the audit', () => {
    expect(demo.output).toContain('ann is asked: “Buy 50 shares of AAPL”')
    expect(demo.output).toContain('token for https://api.stocktrade.example/, scope trade:write')
    expect(demo.output).toContain('act agent:trader')
    expect(demo.output).toMatch(/approval {3}passed +approved/)
    expect(demo.output).toContain('call      denied (approval_expired): create_order, agent:trader for ann')
  })

  test('shows no token and, away from a terminal, no colour', () => {
    expect(demo.output).not.toContain('eyJ')
    expect(demo.output).not.toContain('\u001B')
  })
})

describe('its further stories', () => {
  test.each([
    ['enterprise', /^1 part: [1-9]\d checks, 0 mismatches$/, 'role_missing'],
    ['background', /^2 parts: [1-9]\d checks, 0 mismatches$/, 'delegation used, agent:trader for ann'],
  ])('%s', async (story, end, shows) => {
    const { code, output, lines } = await run([story])
    expect(output).not.toContain('MISMATCH')
    expect(lines.at(-1)).toMatch(end)
    expect(output).toContain(shows)
    expect(output).not.toContain('eyJ')
    expect(code).toBe(0)
  })

  test('another is not known', async () => {
    const { code, output } = await run(['nonesuch'])
    expect(output).toContain('enterprise, background')
    expect(code).toBe(2)
  })
})

describe('its checks notice a broken world', () => {
  test.each([
    ['wrong-grant', 'MISMATCH  after the approval, the order ran'],
    ['api-down', 'MISMATCH  Level 4: sensitive action runs to its end'],
    ['vault-down', 'MISMATCH  the user sees a portfolio'],
  ])('%s', async (fault, mismatch) => {
    const { code, output, lines } = await run(['--fault', fault])
    expect(output).toContain(mismatch)
    expect(lines.at(-1)).toMatch(/ [1-9]\d* mismatches$/)
    expect(output).not.toContain('eyJ')
    expect(code).toBe(1)
  })

  test('an unknown fault is refused before anything runs', async () => {
    const { code, output } = await run(['--fault', 'nonesuch'])
    expect(output).toContain('api-down')
    expect(output).not.toContain('Level 1')
    expect(code).toBe(2)
  })
})

describe('on a vault of its own', () => {
  test('the levels run the same', async () => {
    const { code, lines, output } = await run(['--vault', 'stored'])
    expect(output).not.toContain('MISMATCH')
    expect(lines.at(-1)).toMatch(/^4 levels, 5 refusals: [1-9]\d+ checks, 0 mismatches$/)
    expect(output).not.toContain('eyJ')
    expect(code).toBe(0)
  })

  test('a vault that is not known is refused', async () => {
    expect((await run(['--vault', 'nonesuch'])).code).toBe(2)
  })
})

describe('interactive', () => {
  test('the answers of level 4 come from the terminal', async () => {
    const { code, output } = await run(['--interactive'], { input: 'yes\nno\n' })
    expect(output.match(/Approve\? \[y\/N\]/g)).toHaveLength(2)
    expect(output).toContain('Bought 50 AAPL')
    expect(output).not.toContain('Sold 20 MSFT')
    expect(code).toBe(0)
  })

  test('the end of input is a no, and the demo goes on', async () => {
    const { code, output, lines } = await run(['--interactive'])
    expect(output).not.toContain('Sold 20 MSFT')
    expect(lines.at(-1)).toContain(' 0 mismatches')
    expect(code).toBe(0)
  })
})
