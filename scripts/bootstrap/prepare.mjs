import { downloadFailure } from './failure.mjs'
import { withLock } from './lock.mjs'
import { runQuietly } from './processes.mjs'
import { say, seconds, withPatience } from './say.mjs'
import { forgetInstalled, isInstalled, isWholeInstall, rememberInstalled, root } from './state.mjs'
import { bringTools, registryOf, toolsAtHand } from './tools.mjs'

/** Ensures that the tools exist, and that the packages for `command` are installed. @returns the tools */
export async function prepare(command) {
  if (isInstalled(command.scope)) {
    const tools = toolsAtHand({ needPnpm: command.scope === 'all' })
    if (tools !== undefined) return tools
  }
  return withLock(async () => {
    const tools = toolsAtHand({ needPnpm: true }) ?? (await bringTools(command.name))
    // The previous holder of the lock may have installed the same packages.
    if (!isInstalled(command.scope)) await install(command, tools)
    return tools
  })
}

async function install(command, tools) {
  say(`installing what is needed ${command.purpose}, with pnpm.`)
  const began = Date.now()
  const earlier = forgetInstalled()
  // After a whole install, a partial one would remove the packages of other commands.
  const { scope, filter } = isWholeInstall() ? { scope: 'all', filter: [] } : command
  const args = ['install', '--frozen-lockfile', ...filter, '--reporter=append-only']
  let heard = Date.now()
  const installing = runQuietly(tools.pnpm, args, {
    cwd: root,
    env: settings(tools.env),
    onLine: (line) => {
      if (!/^(Progress:|Downloading |\[?WARN)/.test(line.trim())) return
      heard = Date.now()
      say(`  ${line.trim()}`)
    },
  })
  const { ok, lines } = await withPatience(installing, (gone) => {
    if (Date.now() - heard > 9000) say(`still installing (${gone} s) …`)
  })
  if (!ok) {
    const registry = await registryOf(tools.pnpm, ['config', 'get', 'registry'], settings(tools.env))
    throw downloadFailure({
      what: `install what is needed ${command.purpose}`,
      tool: 'pnpm',
      output: lines,
      registry,
      retry: command.name,
    })
  }
  rememberInstalled(scope, earlier)
  say(`installed (${seconds(began)}).`)
}

function settings(env) {
  return {
    ...env,
    // pnpm asks before it replaces a node_modules of another shape, and no person can answer.
    CI: 'true',
    // npm's variable for a mirror, which pnpm does not read itself.
    pnpm_config_registry: env.pnpm_config_registry ?? env.npm_config_registry,
  }
}
