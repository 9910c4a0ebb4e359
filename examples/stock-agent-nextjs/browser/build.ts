import { buildApp } from '../web/run-app.ts'

/** Before all tests: the app as it would be deployed. `SKIP_BUILD` takes the one that is there. */
export async function setup(): Promise<void> {
  if (!process.env.SKIP_BUILD) await buildApp()
}
