export { createConsole, type GuardReporters, reportsOf } from './create-console.ts'
