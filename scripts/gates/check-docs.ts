import { buildSite, site } from '../docs/build-site.ts'
import { checkSite } from '../docs/check-site.ts'
import { checkSnippets } from './check-snippets.ts'
import { type Verdict, verdict } from './gate.ts'
import { runTool } from './run-tool.ts'

/** Words that make a reader guess who acts. Only this file contains them, so it is not searched. */
const refused = 'whoever|nobody|somebody|anew|has the say|in silence|mends|as dead as|one that is none|what .+ is what'
/** Pages that are not searched: history, and generated reports. */
const unread = ['.changeset', 'docs/decisions', 'docs/surface']

/** Checks that the words are plain, the snippets compile, and the site builds without a warning or dead link. */
export async function checkDocs(): Promise<Verdict> {
  const found = [await checkWords(), await checkSnippets(), await checkBuiltSite()]
  return verdict(
    found.filter(({ ok }) => !ok).map(({ output }) => output),
    found.map(({ note }) => note).join('; '),
  )
}

/** Searches tracked TypeScript and pages. git exits with 1 and prints nothing if it found nothing. */
async function checkWords(): Promise<Verdict> {
  const paths = ['*.ts', '*.tsx', '*.md', ...[...unread, 'scripts/gates/check-docs.ts'].map((path) => `:!${path}`)]
  const { code, output } = await runTool('git', ['grep', '-niwE', refused, '--', ...paths])
  return verdict(code === 1 && output === '' ? [] : [`${output}Say who acts: CONTRIBUTING.md, "Words".`], 'plain words')
}

/** Builds the site and checks its links. */
export async function checkBuiltSite(): Promise<Verdict> {
  const complaints = await buildSite()
  if (complaints.length > 0) return verdict(complaints)
  const { problems, pages, links, external } = checkSite(site)
  return verdict(problems, `${pages} pages, ${links} links within, ${external} out of it`)
}
