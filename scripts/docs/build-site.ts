import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { Application, Converter, type DocumentReflection } from 'typedoc'
import { root } from '../gates/repository.ts'
import { arrange } from './arrange-pages.ts'
import { drawDiagrams, keepDiagrams } from './draw-diagrams.ts'
import { drawRooms, withRooms } from './draw-rooms.ts'
import { leadFolders } from './lead-folders.ts'
import { showSources } from './show-sources.ts'

/** Folder of the built site. */
export const site = join(root, 'docs', 'site')

/**
 * Builds guides, decisions and the reference as one site, which needs no server and no network.
 *
 * It uses typedoc with `docs/typedoc.json`. Pages get titles and a place in the list, browsers draw the diagrams, and
 * cited files can be read as text.
 *
 * @returns The warnings and errors of typedoc.
 */
export async function buildSite(out: string = site): Promise<string[]> {
  rmSync(out, { recursive: true, force: true })
  const complaints: string[] = []
  const app = await Application.bootstrapWithPlugins({
    options: join(root, 'docs', 'typedoc.json'),
    markdownItLoader: keepDiagrams,
    out,
  })
  app.logger.log = (message, level) => {
    // 2: a warning, 3: an error. Other messages are dropped.
    if (level >= 2) complaints.push(stripVTControlCharacters(message))
  }
  const rooms = await drawRooms()
  let shown = false
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_: unknown, page: DocumentReflection) => {
    arrange(page)
    for (const part of page.content) {
      const text = withRooms(part.text, rooms)
      shown ||= text !== part.text
      part.text = text
    }
  })
  drawDiagrams(app)
  const project = await app.convert()
  if (project === undefined || complaints.length > 0) return complaints
  if (!shown) return ['docs/architecture.md has lost its mark <!-- diagram: rooms -->']
  leadFolders(project)
  app.validate(project)
  await app.generateOutputs(project)
  showSources(out)
  return complaints
}
