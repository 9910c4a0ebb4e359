import { describe, expect, test } from 'vitest'
import { checkRequirements, citedIn, withTests } from '../gates/check-requirements.ts'
import { folderWith } from './fixture.ts'

const requirement = (id: string) => `{ id: '${id}', clause: 'https://rfc.example/#1', text: 'MUST be tested' }`
const requirements = (...ids: string[]) => `export const rfc = [${ids.map(requirement).join(', ')}]\n`
const tests = (...ids: string[]) => ids.map((id) => `verifies('${id}', 'it does', () => {})\n`).join('')
const folder = 'packages/core/test/conformance'
const listed = (file: string) => `### I1 It holds\n\nProved by:\n\n<!-- tests -->\n${file}<!-- /tests -->\n`
const page = listed('- [conformance/room](../packages/core/test/conformance/room.test.ts)\n')

test('each requirement is cited, each citation is a requirement', async () => {
  const base = folderWith({
    [`${folder}/requirements/rfc.ts`]: requirements('A-1', 'A-2'),
    [`${folder}/room.test.ts`]: tests('A-1', 'A-2', 'A-2', 'I1'),
    'docs/invariants.md': page,
  })
  const note = '2 requirements, 1 invariants, 4 citations'
  expect(await checkRequirements(base)).toEqual({ ok: true, output: '', note })
})

describe('the gate fails', () => {
  test.for<[name: string, files: Record<string, string>, problem: string]>([
    ['a requirement without a test', { 'rfc.ts': requirements('A-1', 'A-2') }, 'no test verifies A-2'],
    [
      'a citation of nothing',
      { 'rfc.ts': requirements() },
      'verifies A-1, which is neither a requirement nor an invariant',
    ],
    ['an id that is there twice', { 'rfc.ts': requirements('A-1', 'A-1') }, 'A-1 is there twice'],
    ['twice across files', { 'a.ts': requirements('A-1'), 'b.ts': requirements('A-1') }, 'A-1 is there twice'],
    ['no requirement at all', {}, 'no requirement was found'],
    ['an entry without a clause', { 'rfc.ts': "export const rfc = [{ id: 'A-1', text: 'MUST' }]\n" }, 'lacks an id'],
    ['a text that demands nothing', { 'rfc.ts': requirements('A-1').replace('MUST', 'may') }, 'lacks an id'],
  ])('on %s', async ([, files, problem]) => {
    const entries = Object.entries(files).map(([name, text]) => [`${folder}/requirements/${name}`, text])
    const base = folderWith({
      ...Object.fromEntries(entries),
      [`${folder}/room.test.ts`]: tests('A-1'),
      'docs/invariants.md': page,
    })
    const { ok, output } = await checkRequirements(base)
    expect(ok).toBe(false)
    expect(output).toContain(problem)
  })
})

test('the gate fails on an invariant that no test cites, and on a list that is out of date', async () => {
  const base = folderWith({
    [`${folder}/requirements/rfc.ts`]: requirements('A-1'),
    [`${folder}/room.test.ts`]: tests('A-1'),
    'docs/invariants.md': page,
  })
  const { output } = await checkRequirements(base)
  expect(output).toContain('no test verifies I1')
  expect(output).toContain('docs/invariants.md lists other tests than there are')
})

test('below each invariant stand the files whose tests cite it, once each', () => {
  const cited = (id: string, file: string) => ({ id, file })
  const room = 'packages/core/test/unit/guard/attacks.test.ts'
  const text = withTests(`${listed('- gone\n')}### I2 More\n\n<!-- tests -->\n<!-- /tests -->\n`, [
    cited('I1', room),
    cited('I1', 'packages/stores/test/watcher/kills.test.ts'),
    cited('I1', room),
    cited('I2', 'packages/testing/src/contract/adapter/scenarios/alike.ts'),
  ])
  expect(text.split('\n').filter((line) => line.startsWith('- '))).toEqual([
    `- [guard/attacks](../${room})`,
    '- [stores/watcher/kills](../packages/stores/test/watcher/kills.test.ts)',
    '- [testing/contract/adapter/scenarios/alike](../packages/testing/src/contract/adapter/scenarios/alike.ts)',
  ])
})

test('citations are found in every quote and over line ends, and not in other calls', () => {
  expect(
    citedIn(`verifies('a', 'x', f)\nverifies(\n  "b",\n  'x', f)\nverifies(\`c\`)\nit('d')\nunverifies('e')`),
  ).toEqual(['a', 'b', 'c'])
  expect(citedIn(`test(verifies(['A-1', 'I5'], 'x'), f)`)).toEqual(['A-1', 'I5'])
})
