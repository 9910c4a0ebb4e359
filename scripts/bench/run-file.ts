import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../gates/repository.ts'
import { takeRegistered } from './bench.ts'
import { compare } from './compare.ts'
import { beginSection, sections } from './figures.ts'

// The process of one file. In a shared process, other files would change the heap and the compiled code.
const [file = '', results = ''] = process.argv.slice(2)
beginSection(file)
await import(pathToFileURL(join(root, file)).href)
for (const bench of takeRegistered()) await compare(bench)
writeFileSync(results, JSON.stringify(sections))
process.exit(0)
