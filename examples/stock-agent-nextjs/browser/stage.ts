import { createServer } from 'node:net'
import type { Sandbox } from '@behalf/sandbox'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { environmentOf, openWorld } from '../web/open-world.ts'
import { type RunningApp, startApp } from '../web/run-app.ts'
import { temporaryDirectory } from '../web/temporary-directory.ts'
import { startChromium } from './chromium.ts'
import { type Traffic, watchTraffic } from './traffic.ts'

/** Sandbox, app and browser, as a person has them before them. */
export interface Stage {
  readonly sandbox: Sandbox
  readonly origin: string
  readonly traffic: Traffic
  /** A browser of somebody's own: nothing is shared with others. */
  someone(options?: BrowserContextOptions): Promise<Page>
  /** The app's process ends, and another one begins on the same files. */
  restart(change?: Readonly<Record<string, string>>): Promise<void>
  /** Orders that the exchange has carried out in a portfolio. */
  orders(portfolio: string): Promise<number>
  close(): Promise<void>
}

export async function openStage(options: Parameters<typeof openWorld>[0] = {}): Promise<Stage> {
  const { directory, remove } = temporaryDirectory()
  const sandbox = await openWorld(options)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const environment = environmentOf(sandbox, { origin, directory })
  let app: RunningApp = await startApp(port, environment)
  const browser = await startChromium()
  const traffic = watchTraffic(origin)
  return {
    sandbox,
    origin,
    traffic,
    async someone(options = {}) {
      const context = await browser.newContext({ locale: 'en-US', ...options })
      context.setDefaultTimeout(15_000)
      traffic.watch(context)
      return context.newPage()
    },
    async restart(change = {}) {
      await app.stop()
      app = await startApp(port, { ...environment, ...change })
    },
    orders: async (portfolio) => (await sandbox.target.api.controls.orders(portfolio)).length,
    async close() {
      await browser.close()
      await app.stop()
      await sandbox.close()
      remove()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}
