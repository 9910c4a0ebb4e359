import { buildApp } from '../web/build-app.ts'
import { hasChromium } from './chromium.ts'

/** Before all tests: the app as it would be deployed. */
export async function setup(): Promise<void> {
  if (hasChromium) await buildApp()
}
