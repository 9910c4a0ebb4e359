export { type SandboxTargetOptions, sandboxTarget } from './sandbox-target.ts'
