import { buildSite, site } from '../docs/build-site.ts'
import { checkSite } from '../docs/check-site.ts'
import { checkSnippets } from './check-snippets.ts'
import { type Verdict, verdict } from './gate.ts'

/**
 * The pages' snippets compile, and all pages and the reference build into one site without a warning: nothing
 * undocumented, and no link or anchor that leads nowhere.
 */
export async function checkDocs(): Promise<Verdict> {
  const found = [await checkSnippets(), await checkBuiltSite()]
  return verdict(
    found.filter(({ ok }) => !ok).map(({ output }) => output),
    found.map(({ note }) => note).join('; '),
  )
}

/** Builds the site and follows its links. */
export async function checkBuiltSite(): Promise<Verdict> {
  const complaints = await buildSite()
  if (complaints.length > 0) return verdict(complaints)
  const { problems, pages, links, external } = checkSite(site)
  return verdict(problems, `${pages} pages, ${links} links within, ${external} out of it`)
}
