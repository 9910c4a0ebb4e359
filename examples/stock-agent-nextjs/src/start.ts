import { stockApp } from './app.ts'

/**
 * Opens the app, or ends the process and says why. Otherwise the framework would stay, and answer each request with an
 * error.
 */
export function start(): void {
  try {
    stockApp()
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error)
    process.exit(1)
  }
}
