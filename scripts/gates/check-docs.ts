import { buildSite, site } from '../docs/build-site.ts'
import { checkSite } from '../docs/check-site.ts'
import { type Verdict, verdict } from './gate.ts'

/** Guides and reference build into one site without a warning: nothing undocumented, and no link that leads nowhere. */
export async function checkDocs(): Promise<Verdict> {
  const complaints = await buildSite()
  if (complaints.length > 0) return verdict(complaints)
  const { problems, pages, links, external } = checkSite(site)
  return verdict(problems, `${pages} pages, ${links} links within, ${external} out of it`)
}
