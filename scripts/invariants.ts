import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCitations, withTests } from './gates/check-requirements.ts'
import { root } from './gates/repository.ts'

// Writes, below each invariant of docs/invariants.md, the tests that cite it with `verifies`.
const page = join(root, 'docs', 'invariants.md')
writeFileSync(page, withTests(readFileSync(page, 'utf8'), readCitations()))
console.log('docs/invariants.md lists the tests that cite each invariant.')
