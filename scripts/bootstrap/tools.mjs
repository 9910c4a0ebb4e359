import { rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { downloadFailure, Failure } from './failure.mjs'
import { runQuietly } from './processes.mjs'
import { say, seconds, withPatience } from './say.mjs'
import { rememberedTools, rememberTools, root } from './state.mjs'

const NODE = '24'
const PNPM = '12'

/** Returns whether this Node runs TypeScript sources directly: 22.18, 23.6 and later. */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

/** Returns the tools of an earlier run, or this Node if nothing else is needed. `undefined`: call `bringTools`. */
export function toolsAtHand({ needPnpm }) {
  const remembered = rememberedTools()
  if (remembered !== undefined) return withPath(remembered)
  if (!needPnpm && isNewEnough(process.versions.node)) return { node: process.execPath, env: process.env }
  return undefined
}

/** Finds Node and pnpm on this machine, or downloads them with npm. Uses no corepack, and installs nothing globally. */
export async function bringTools(retry) {
  const nodeFits = isNewEnough(process.versions.node)
  if (nodeFits) {
    const own = await whereIs(process.execPath, [join(root, 'scripts', 'bootstrap', 'where.mjs')], {})
    if (own?.pnpm !== undefined && (await isRightPnpm(own.pnpm))) return keep(own)
    say(`bringing pnpm ${PNPM} through npm. A few seconds the first time.`)
  } else {
    say(
      `Node ${process.versions.node} is too old for the repository's tools (they need 22.18 or newer). ` +
        `Bringing Node ${NODE} and pnpm ${PNPM} through npm, beside your own. About 10 s the first time.`,
    )
  }
  const began = Date.now()
  const packages = nodeFits ? [`pnpm@${PNPM}`] : [`node@${NODE}`, `pnpm@${PNPM}`]
  let brought = await npmExec(packages, retry)
  if (!isUsable(brought)) {
    // An earlier run was interrupted: npm assumes that it has the packages, but they are incomplete.
    forgetNpmExec(brought)
    brought = await npmExec(packages, retry)
  }
  if (!isUsable(brought)) {
    throw new Failure(
      `npm said that it brought ${packages.join(' and ')}, but they do not run. Install Node ${NODE} yourself.`,
    )
  }
  say(`${nodeFits ? `pnpm ${PNPM}` : `Node ${brought.version}`} is ready (${seconds(began)}).`)
  return keep(brought)
}

const isUsable = (found) => found !== undefined && isNewEnough(found.version) && found.pnpm !== undefined

async function npmExec(packages, retry) {
  const wanted = packages.map((name) => `--package=${name}`)
  // `npm run --silent` would also silence this npm, and its error messages.
  const flags = ['--yes', '--loglevel=error', '--fetch-retry-maxtimeout=10000']
  const [command, args] = npm(['exec', ...flags, ...wanted, '--call', 'node where.mjs'])
  let failed
  const found = await withPatience(
    whereIs(command, args, { cwd: join(root, 'scripts', 'bootstrap'), onFailure: (lines) => (failed = lines) }),
    (gone) => say(`still downloading ${packages.join(' and ')} (${gone} s) …`),
  )
  if (failed !== undefined) {
    const registry = await registryOf(...npm(['config', 'get', 'registry']))
    throw downloadFailure({ what: `bring ${packages.join(' and ')}`, tool: 'npm', output: failed, registry, retry })
  }
  return found
}

async function whereIs(command, args, { cwd = root, onFailure = () => {} }) {
  const { ok, lines, stdout } = await runQuietly(command, args, { cwd })
  if (!ok) {
    onFailure(lines)
    return undefined
  }
  try {
    return JSON.parse(stdout.slice(stdout.indexOf('{')))
  } catch {
    return undefined
  }
}

async function isRightPnpm(pnpm) {
  const { ok, stdout } = await runQuietly(pnpm, ['--version'])
  return ok && stdout.trim().startsWith(`${PNPM}.`)
}

/** Removes npm's folder for this set of packages, and only a folder that has its form. */
function forgetNpmExec(found) {
  const bin = dirname(found?.pnpm ?? '')
  if (/[\\/]_npx[\\/][0-9a-f]+[\\/]node_modules[\\/]\.bin$/.test(bin)) {
    rmSync(dirname(dirname(bin)), { recursive: true, force: true })
  }
}

/** Returns the npm that started this process, else the one on PATH. */
function npm(args) {
  const cli = process.env.npm_execpath
  return cli?.endsWith('npm-cli.js') ? [process.execPath, [cli, ...args]] : ['npm', args]
}

export async function registryOf(command, args, env) {
  const { ok, stdout } = await runQuietly(command, args, { env, cwd: root })
  return ok ? stdout.trim() : 'unknown'
}

function keep({ node, pnpm }) {
  const tools = { node, pnpm }
  rememberTools(tools)
  return withPath(tools)
}

function withPath({ node, pnpm }) {
  const path = [dirname(node), dirname(pnpm), process.env.PATH].join(delimiter)
  return { node, pnpm, env: { ...process.env, PATH: path } }
}
