import { expect, test } from 'vitest'
import { requireGreenNightly } from '../release/green-nightly.ts'

const commit = 'a'.repeat(40)
const repository = { api: 'https://api.github.test', name: 'owner/name', token: 'the-token' }
const run = (conclusion: string | null, head_sha = commit) => ({
  head_sha,
  status: conclusion === null ? 'in_progress' : 'completed',
  conclusion,
  html_url: `https://github.test/runs/${conclusion}`,
})
const answering = (runs: readonly object[], status = 200) => {
  const asked: Request[] = []
  const send = async (...args: Parameters<typeof fetch>) => {
    asked.push(new Request(...args))
    return Response.json({ workflow_runs: runs }, { status })
  }
  return { asked, send }
}

test('a commit with a green nightly run may be published', async () => {
  const { asked, send } = answering([run('failure'), run('success')])
  expect(await requireGreenNightly(commit, repository, send)).toBe('https://github.test/runs/success')
  expect(asked[0]?.url).toContain(`/repos/owner/name/actions/workflows/nightly.yml/runs?head_sha=${commit}`)
  expect(asked[0]?.headers.get('authorization')).toBe('Bearer the-token')
})

test.each([
  ['no run', [], 'it has no run'],
  ['a red run', [run('failure')], 'runs/failure is failure'],
  ['a run that has not ended', [run(null)], 'runs/null is in_progress'],
  ['a cancelled run', [run('cancelled')], 'runs/cancelled is cancelled'],
  ['a green run of another commit', [run('success', 'b'.repeat(40))], 'it has no run'],
])('a commit with %s is not published', async (_, runs, why) => {
  await expect(requireGreenNightly(commit, repository, answering(runs).send)).rejects.toThrow(why)
})

test('nothing is published where GitHub does not say', async () => {
  await expect(requireGreenNightly(commit, repository, answering([], 503).send)).rejects.toThrow('answered 503')
})
