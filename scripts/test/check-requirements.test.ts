import { describe, expect, test } from 'vitest'
import { checkRequirements, citedIn } from '../gates/check-requirements.ts'
import { folderWith } from './fixture.ts'

const requirement = (id: string) => `{ id: '${id}', clause: 'https://rfc.example/#1', text: 'MUST be tested' }`
const requirements = (...ids: string[]) => `export const rfc = [${ids.map(requirement).join(', ')}]\n`
const tests = (...ids: string[]) => ids.map((id) => `verifies('${id}', 'it does', () => {})\n`).join('')
const folder = 'packages/core/test/conformance'

test('each requirement is cited, each citation is a requirement', async () => {
  const base = folderWith({
    [`${folder}/requirements/rfc.ts`]: requirements('A-1', 'A-2'),
    [`${folder}/room.test.ts`]: tests('A-1', 'A-2', 'A-2'),
  })
  expect(await checkRequirements(base)).toEqual({ ok: true, output: '', note: '2 requirements, 3 citations' })
})

describe('the gate fails', () => {
  test.for<[name: string, files: Record<string, string>, problem: string]>([
    ['a requirement without a test', { 'rfc.ts': requirements('A-1', 'A-2') }, 'no test verifies A-2'],
    ['a citation of nothing', { 'rfc.ts': requirements() }, 'verifies A-1, which no requirement has'],
    ['an id that is there twice', { 'rfc.ts': requirements('A-1', 'A-1') }, 'A-1 is there twice'],
    ['twice across files', { 'a.ts': requirements('A-1'), 'b.ts': requirements('A-1') }, 'A-1 is there twice'],
    ['no requirement at all', {}, 'no requirement was found'],
    ['an entry without a clause', { 'rfc.ts': "export const rfc = [{ id: 'A-1', text: 'MUST' }]\n" }, 'lacks an id'],
    ['a text that demands nothing', { 'rfc.ts': requirements('A-1').replace('MUST', 'may') }, 'lacks an id'],
  ])('on %s', async ([, files, problem]) => {
    const entries = Object.entries(files).map(([name, text]) => [`${folder}/requirements/${name}`, text])
    const base = folderWith({ ...Object.fromEntries(entries), [`${folder}/room.test.ts`]: tests('A-1') })
    const { ok, output } = await checkRequirements(base)
    expect(ok).toBe(false)
    expect(output).toContain(problem)
  })
})

test('citations are found in every quote and over line ends, and not in other calls', () => {
  expect(
    citedIn(`verifies('a', 'x', f)\nverifies(\n  "b",\n  'x', f)\nverifies(\`c\`)\nit('d')\nunverifies('e')`),
  ).toEqual(['a', 'b', 'c'])
})
