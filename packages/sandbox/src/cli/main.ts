#!/usr/bin/env node
// Checked before loading `node:sqlite`, which an older Node does not have.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 13)) {
  const { run } = await import('./run.ts')
  process.exitCode = await run(process.argv.slice(2))
} else {
  process.stderr.write(`@behalf/sandbox needs Node 22.13 or newer; this is ${process.versions.node}\n`)
  process.exitCode = 1
}
