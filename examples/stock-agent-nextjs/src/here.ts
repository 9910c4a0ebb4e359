import { headers } from 'next/headers'
import { type StockApp, stockApp } from './app.ts'
import type { Who } from './who-is.ts'

/** Returns the app and the user, for pages. */
export async function here(): Promise<{ readonly app: StockApp; readonly who: Who }> {
  // Called first, so that no page is made at build time, when nothing is configured.
  const sent = new Headers(await headers())
  const app = stockApp()
  return { app, who: await app.whoIs({ headers: sent }) }
}
