import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describeDemo } from '@behalf/example-stock-agent/describe-demo'
import { test } from 'vitest'

/** Returns whether the CLI is installed: it is in an optional package for each platform. */
function hasCli(): boolean {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('@anthropic-ai/claude-agent-sdk'))
  const { platform, arch } = process
  return ['', '-musl'].some((kind) => {
    try {
      return resolve(`@anthropic-ai/claude-agent-sdk-${platform}-${arch}${kind}/package.json`) !== ''
    } catch {
      return false
    }
  })
}

const missing = 'NOT RUN: the Claude Code CLI is not installed for this platform'

if (hasCli()) {
  describeDemo('the Claude Agent SDK', fileURLToPath(new URL('../src/main.ts', import.meta.url)))
} else {
  console.error(missing)
  test.skip(missing)
}
