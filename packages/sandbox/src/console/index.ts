export { createConsole, reportsOf } from './create-console.ts'
