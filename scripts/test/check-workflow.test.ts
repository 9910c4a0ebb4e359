import { expect, test } from 'vitest'
import { checkWorkflow } from '../release/check-workflow.ts'

const known = {
  file: (path: string) => ['.ci/run', 'tools/package-lock.json'].includes(path),
  script: (name: string) => name === 'test',
  binary: (name: string) => name === 'changeset',
}
const sha = 'de0fac2e4500dabe0009e67214ff5f5447ce83dd'
const workflow = (...steps: readonly string[]) =>
  `permissions: {}\njobs:\n  one:\n    timeout-minutes: 5\n    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`

test('commands that are there, and actions of one commit', () => {
  const steps = [
    `uses: actions/checkout@${sha} # v6`,
    'run: bash .ci/run',
    'run: npm ci --prefix tools',
    `run: 'echo "$PWD/tools" >> "$GITHUB_PATH"'`,
    'run: npm run test',
    'run: npm test -- histories',
    'run: pnpm exec changeset tag',
  ]
  expect(checkWorkflow(workflow(...steps), known)).toEqual({ commands: 6, problems: [] })
})

const others = ['npm install --global pnpm@12', 'npm ci --prefix gone', 'echo gone', 'curl x.example']
test.each(['bash gone', 'node gone.ts', 'npm run gone', 'npm gone', 'sudo rm x', 'pnpm exec gone', ...others])(
  'a command that is not there, or that is not pinned: %s',
  (command) => {
    const problems = [`${command}: there is no such command here`]
    expect(checkWorkflow(workflow(`run: ${command}`), known).problems).toEqual(problems)
  },
)

test('a command that an action is given', () => {
  const step = `{ uses: 'changesets/action@${sha}', with: { version: pnpm exec changeset version, publish: node gone.ts } }`
  expect(checkWorkflow(workflow(step), known)).toEqual({
    commands: 2,
    problems: ['node gone.ts: there is no such command here'],
  })
})

test('an action that can be moved, and an expression in a command', () => {
  const text = workflow('uses: actions/checkout@v6', `run: 'bash .ci/run \${{ github.head_ref }}'`)
  expect(checkWorkflow(text, known).problems).toEqual([
    'actions/checkout@v6 is not pinned to a commit',
    `bash .ci/run \${{ github.head_ref }}: an expression in a command is run as code`,
  ])
})

test('no permissions, no time limit, no steps, no YAML', () => {
  expect(checkWorkflow('jobs:\n  one: {}\n', known).problems).toEqual([
    'it does not say what it may do (permissions)',
    'it has no steps',
    'one may run for hours (timeout-minutes)',
  ])
  expect(checkWorkflow('a: 1\na: 2\n', known).problems).toHaveLength(1)
})
