import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Choices } from './choices.ts'
import { filesOf } from './files-of.ts'
import { UsageError } from './usage-error.ts'

/** Name of a package as npm takes it, without a scope. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,213}$/
const REFUSED_NAMES: readonly string[] = ['node_modules', 'favicon.ico']

/** @returns The problem of a new app's folder, or `undefined` */
export function problemOfFolder(folder: string): string | undefined {
  // Resolved, since `a/../b` is `b` even if there is no folder `a`.
  const path = resolve(folder)
  const name = basename(path)
  if (!NAME.test(name) || REFUSED_NAMES.includes(name)) {
    return `folder: ${JSON.stringify(name)} cannot be the name of a package. Use 1 to 214 lower case letters, digits, "-", "_" and ".", and begin with a letter or a digit.`
  }
  try {
    const found = readdirSync(path).filter((file) => file !== '.git')
    if (found.length === 0) return undefined
    return `folder: ${JSON.stringify(folder)} is not empty: it has ${JSON.stringify(found[0])}. Name a new or an empty folder.`
  } catch (error) {
    return isCode(error, 'ENOENT') ? undefined : `folder: ${JSON.stringify(folder)} cannot be used: ${reasonOf(error)}`
  }
}

/**
 * Writes an app into a new or empty folder.
 *
 * @returns the names of its files
 * @throws UsageError The folder cannot be used.
 */
export function writeApp({ folder, ...choices }: Choices): readonly string[] {
  const problem = problemOfFolder(folder)
  if (problem !== undefined) throw new UsageError(problem)
  const files = filesOf(basename(resolve(folder)), choices)
  try {
    mkdirSync(resolve(folder), { recursive: true })
    // `wx` never replaces a file that appeared in the meantime.
    for (const [name, text] of Object.entries(files)) writeFileSync(resolve(folder, name), text, { flag: 'wx' })
  } catch (error) {
    throw new UsageError(`folder: ${JSON.stringify(folder)} cannot be written: ${reasonOf(error)}`, { cause: error })
  }
  return Object.keys(files)
}

const isCode = (error: unknown, code: string): boolean => (error as { readonly code?: unknown }).code === code

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
