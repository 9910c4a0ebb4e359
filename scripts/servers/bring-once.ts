import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ownFolder } from './run-server.ts'

/**
 * Downloads the files of a server once, into a temporary folder that gets its final name when all of them have arrived.
 * So a later run never takes an interrupted download for complete.
 *
 * @returns The reason of a failure, in words.
 */
export async function bringOnce(
  home: string,
  name: string,
  bring: (folder: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  const problem = await ownFolder(home)
  if (problem !== undefined || existsSync(join(home, name))) return problem
  const folder = await mkdtemp(join(home, 'making-'))
  try {
    const failed = await bring(folder)
    if (failed === undefined) await rename(folder, join(home, name))
    return failed
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Returns the SHA-256 of each file of a folder, in hex, by name. */
export async function checksums(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile())
  const names = files.map(({ name }) => name).sort()
  return new Map(
    await Promise.all(names.map(async (name) => [name, sha256(await readFile(join(folder, name)))] as const)),
  )
}

/** Returns the SHA-256 of a content, in hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
