import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { site } from './docs/build-site.ts'
import { checkBuiltSite } from './gates/check-docs.ts'

// `npm run docs` builds guides and reference as one site, checks its links, and prints its path.
const { ok, output, note } = await checkBuiltSite()
console.log(ok ? `${note}\n${pathToFileURL(join(site, 'index.html')).href}` : output)
process.exitCode = ok ? 0 : 1
