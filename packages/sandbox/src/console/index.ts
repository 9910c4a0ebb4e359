export type { ExplainRoles } from './call-detail.ts'
export { createConsole, type GuardReporters, reportsOf } from './create-console.ts'
