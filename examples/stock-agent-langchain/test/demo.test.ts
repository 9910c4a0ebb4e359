import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** Runs the demo as a user does. */
function run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, FORCE_COLOR: undefined, ...env } })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.end()
  return new Promise<{ readonly code: number | null; readonly output: string; readonly last: string | undefined }>(
    (resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => {
        const output = Buffer.concat(chunks).toString()
        resolve({ code, output, last: output.trimEnd().split('\n').at(-1) })
      })
    },
  )
}

test('the whole story runs on LangChain, with a restart in the middle', async () => {
  const { code, output, last } = await run([], { OPENAI_API_KEY: '' })
  expect(output).not.toContain('MISMATCH')
  expect(output).toContain('The model is a scripted planner')
  for (const title of [
    'Level 4: sensitive action',
    'Refusal 5: an approval that runs out',
    'Restart: the agent goes',
  ]) {
    expect(output).toContain(title)
  }
  expect(last).toMatch(/^4 levels, 5 refusals, 1 more: [1-9]\d+ checks, 0 mismatches$/)
  expect(output).not.toContain('eyJ')
  expect(code).toBe(0)
})

test('its checks notice a broken world', async () => {
  const { code, output, last } = await run(['--fault', 'wrong-grant'], { OPENAI_API_KEY: '' })
  expect(output).toContain('MISMATCH  after the approval, the order ran')
  expect(last).toMatch(/ [1-9]\d* mismatches$/)
  expect(code).toBe(1)
})
