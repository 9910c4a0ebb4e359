export { ACCOUNTS_CLIENT, openTarget } from './open-target.ts'
export { sandboxTarget } from './sandbox-target.ts'
export { checkSeed, type SandboxSeed, type SeedUser, upstreamOf } from './seed.ts'
export type { SandboxTargetOptions } from './target-options.ts'
