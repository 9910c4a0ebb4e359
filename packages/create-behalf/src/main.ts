#!/usr/bin/env node
// Checked before loading the prompts, which an older Node cannot load.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 20 || (major === 20 && minor >= 12)) {
  const { run } = await import('./run.ts')
  process.exitCode = await run(process.argv.slice(2), process)
} else {
  process.stderr.write(`create-behalf needs Node 20.12 or newer; this is ${process.versions.node}\n`)
  process.exitCode = 1
}
