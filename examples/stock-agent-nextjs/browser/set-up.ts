import { buildApp } from '../web/build-app.ts'
import { hasChromium } from './chromium.ts'

/** Builds the app before all tests, as for a deployment. */
export async function setup(): Promise<void> {
  if (hasChromium) await buildApp()
}
