import { globSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** File types that a browser shows itself. */
const shown = /\.(png|svg|jpg|webp|txt)$/

/** Copies cited files into the site as text: a web server would send TypeScript as video. */
export function showSources(site: string): void {
  const media = join(site, 'media')
  const renamed = new Set(globSync('*', { cwd: media }).filter((name) => !shown.test(name) && !name.startsWith('.')))
  for (const name of renamed) renameSync(join(media, name), join(media, `${name}.txt`))
  for (const page of readdirSync(site, { recursive: true, encoding: 'utf8' })) {
    if (!page.endsWith('.html')) continue
    const text = readFileSync(join(site, page), 'utf8')
    const changed = text
      .replaceAll(/(href="(?:\.\.\/)*media\/)([^"#]+)/g, (whole, start: string, name: string) =>
        renamed.has(decodeURIComponent(name)) ? `${start}${name}.txt` : whole,
      )
      // Without a web server, a link to a folder would show a list of files.
      .replaceAll(/href="((?:\.\.\/)+)"/g, 'href="$1index.html"')
    if (changed !== text) writeFileSync(join(site, page), changed)
  }
}
