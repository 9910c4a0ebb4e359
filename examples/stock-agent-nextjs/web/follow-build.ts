import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'

const SILENT_MS = 10_000
/** Matches lines that name a step. The other lines, such as the list of routes, are shown only after an error. */
const STEP = /^[▲✓] |\.\.\.$/

/**
 * Prints the steps of a build. While the build prints nothing, prints the elapsed seconds.
 *
 * @returns A function that stops it.
 */
export function followBuild(streams: readonly Readable[], write: (text: string) => void): () => void {
  const began = Date.now()
  let heard = began
  const timer = setInterval(() => {
    if (Date.now() - heard < SILENT_MS) return
    write(`  still building (${Math.round((Date.now() - began) / 1000)} s) …`)
  }, SILENT_MS)
  for (const stream of streams) {
    let rest = ''
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + stripVTControlCharacters(chunk.toString())).split(/[\r\n]+/)
      rest = lines.pop() ?? ''
      for (const line of lines.filter((one) => STEP.test(one.trim()))) {
        heard = Date.now()
        write(`  ${line.trim()}`)
      }
    })
  }
  return () => clearInterval(timer)
}
