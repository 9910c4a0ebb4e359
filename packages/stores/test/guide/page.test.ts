import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('../../../../docs/guides/store-of-your-own.md', import.meta.url), 'utf8')

// The page names the import of the store in words.
test.each(['my-store.ts', 'my-store.test.ts'])('the guide shows %s as it runs here', (name) => {
  const source = readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')
  expect(page).toContain(source.replace("import { myStore } from './my-store.ts'\n", '').trim())
})
