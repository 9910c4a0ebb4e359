import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/**
 * Folder of the state between runs. It is removed with `node_modules`. Its name is hidden, so pnpm does not touch it.
 */
export const folder = join(root, 'node_modules', '.behalf')
const installedFile = join(folder, 'installed.json')
const toolsFile = join(folder, 'tools.json')

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // Absent, or written by another program: the state is unknown.
    return undefined
  }
}

/** Writes in one step: after an interruption, the file is either old or new. */
function write(file, value) {
  mkdirSync(folder, { recursive: true })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify(value))
  renameSync(draft, file)
}

function importers() {
  const inside = (parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}`)
  return [...inside('packages'), ...inside('examples'), 'docs', 'scripts'].filter((path) =>
    existsSync(join(root, path, 'package.json')),
  )
}

/** Returns a hash of everything that decides what an install contains. */
function fingerprint() {
  const hash = createHash('sha256')
  const manifests = importers().map((path) => `${path}/package.json`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', 'package.json', ...manifests.sort()]) {
    hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

/** Returns the scopes that are installed for the current manifests, each with its folders. */
function installedScopes() {
  const stamp = read(installedFile)
  if (stamp?.fingerprint !== fingerprint() || !existsSync(join(root, 'node_modules', '.modules.yaml'))) return {}
  const complete = ([, folders]) => Array.isArray(folders) && folders.every((path) => existsSync(join(root, path)))
  return Object.fromEntries(Object.entries(stamp.scopes ?? {}).filter(complete))
}

/** Returns whether `scope`, or everything, is installed. */
export function isInstalled(scope) {
  const scopes = installedScopes()
  return 'all' in scopes || scope in scopes
}

/** Returns whether pnpm itself installed everything: its state says so if the install had no filter. */
export function isWholeInstall() {
  return read(join(root, 'node_modules', '.pnpm-workspace-state-v1.json'))?.filteredInstall === false
}

/**
 * Called before an install: from now on, no scope counts as complete. @returns The earlier state, for
 * `rememberInstalled`
 */
export function forgetInstalled() {
  const scopes = installedScopes()
  rmSync(installedFile, { force: true })
  return scopes
}

/** Called after a successful install. */
export function rememberInstalled(scope, earlier) {
  const folders = importers()
    .map((path) => `${path}/node_modules`)
    .filter((path) => existsSync(join(root, path)))
  write(installedFile, { fingerprint: fingerprint(), scopes: { ...earlier, [scope]: folders } })
}

/** Returns the places of the tools in the last run, if they still exist. */
export function rememberedTools() {
  const tools = read(toolsFile)
  return typeof tools?.node === 'string' && existsSync(tools.node) && existsSync(tools.pnpm) ? tools : undefined
}

export const rememberTools = (tools) => write(toolsFile, tools)
