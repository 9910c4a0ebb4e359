import { expect, test } from 'vitest'
import { unusedBySnippets } from '../gates/check-dead-code.ts'

const page = (code: string) => `# Page\n\n\`\`\`ts\n${code}\n\`\`\`\n`

test('a dependency of the pages is one that a snippet imports', () => {
  const texts = [page("import { a } from '@scope/one/deep'\nimport 'two'"), page("const x = await import('three')")]
  expect(unusedBySnippets(['@scope/one', 'two', 'three', '@types/two', '@types/node'], texts)).toEqual([])
})

test('what only the prose names is not used', () => {
  expect(unusedBySnippets(['four', '@types/five'], ['Install four.', page('const four = 4')])).toEqual([
    'four',
    '@types/five',
  ])
})
