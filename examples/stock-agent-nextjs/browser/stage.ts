import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '@behalf/sandbox'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepData } from '../web/keep-data.ts'
import { environmentOf, openWorld } from '../web/open-world.ts'
import { type RunningApp, startApp } from '../web/run-app.ts'
import { chromiumMissing, hasChromium, startChromium } from './chromium.ts'
import { freePort } from './free-port.ts'
import { openTraffic } from './traffic.ts'

/** Sandbox, app and browser, as a person has them before them. */
export interface Stage {
  readonly sandbox: Sandbox
  readonly origin: string
  /** A new browser that shares nothing with others. */
  someone(options?: BrowserContextOptions): Promise<Page>
  /** Ends the app's process, and starts another one on the same files. `between` runs while no process runs. */
  restart(change?: Readonly<Record<string, string>>, between?: () => Promise<void>): Promise<void>
  /** Starts a second process of the app on the same files, while the first one runs. */
  another(): Promise<RunningApp>
  /** Restarts the app without a chance to finish its work. */
  crash(): Promise<void>
  /** Orders that the exchange has carried out in a portfolio. */
  orders(portfolio: string): Promise<number>
  /** Returns the whole traffic between browsers and the app. */
  traffic(): string
  /** Returns every token, request id and secret that the app has received. */
  secrets(): readonly string[]
  /** Returns errors in pages since its last call: errors of scripts, and violations of the page's policy. */
  takeFaults(): readonly string[]
  close(): Promise<void>
}

/** Runs a group of tests on its own stage. At the end, searches its whole traffic for secrets. */
export function onStage(name: string, tests: (stage: () => Stage) => void): void {
  if (!hasChromium) {
    test(name, ({ skip }) => skip(chromiumMissing))
    return
  }
  describe(name, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await openStage()
    })
    afterAll(() => stage?.close())
    tests(() => stage)
    test('no token, no request id and no secret was in what browsers and app exchanged', () => expectNoSecret(stage))
    test('no page had an error, and none tried what its policy forbids', () => expect(stage.takeFaults()).toEqual([]))
  })
}

/**
 * Returns whether a part is the head of a JWT, also with text appended. A random name that begins with `eyJ` decodes to
 * no text.
 */
const isJson = (part: string): boolean =>
  /^[\x20-\x7e]+$/.test(Buffer.from(part.slice(0, 12), 'base64url').toString('latin1'))

/** Reports a secret without the text itself, which is long. */
function expectNoSecret(stage: Stage): void {
  const [text, secrets] = [stage.traffic(), stage.secrets()]
  expect(text.length).toBeGreaterThan(10_000)
  expect(secrets.length).toBeGreaterThan(6)
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  // Also finds secrets of any issuer by their form and name. A login's code is in the address bar, but it is already
  // used.
  expect((text.match(/eyJ[\w-]{8,}/g) ?? []).filter(isJson)).toEqual([])
  const names = ['access_token', 'refresh_token', 'id_token', 'auth_req_id', 'device_code', 'user_code']
  expect(names.filter((name) => text.includes(name))).toEqual([])
}

async function openStage(): Promise<Stage> {
  const { directory, keys, close: remove } = keepData(undefined)
  const [sandbox, traffic, browser] = await Promise.all([openWorld(), openTraffic(), startChromium()])
  const { origin } = traffic
  const secretsFile = join(directory, 'secrets')
  const environment: Readonly<Record<string, string>> = {
    ...environmentOf(sandbox, { origin, directory: join(directory, 'data'), keys }),
    NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import ${new URL('preload.ts', import.meta.url)}`,
    KEEP_SECRETS_IN: secretsFile,
  }
  const faults: string[] = []
  let changed: Readonly<Record<string, string>> = {}
  const start = async (change: Readonly<Record<string, string>>): Promise<RunningApp> => {
    changed = change
    const port = await freePort()
    const started = await startApp(port, { ...environment, ...change })
    traffic.goTo(port)
    return started
  }
  let app = await start({})
  const own = ['CLIENT_SECRET', 'ACCOUNTS_CLIENT_SECRET', 'FGA_API_TOKEN', 'SEAL_KEY', 'INDEX_KEY'] as const
  return {
    sandbox,
    origin,
    takeFaults: () => faults.splice(0),
    async someone(options = {}) {
      const context = await browser.newContext({ locale: 'en-US', ...options })
      context.setDefaultTimeout(60_000)
      context.on('weberror', (error) => faults.push(error.error().message))
      context.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) faults.push(message.text())
      })
      return context.newPage()
    },
    async restart(change = {}, between = async () => {}) {
      traffic.goTo(undefined)
      await app.stop()
      await between().finally(async () => {
        app = await start(change)
      })
    },
    another: async () => startApp(await freePort(), { ...environment, ...changed }),
    async crash() {
      traffic.goTo(undefined)
      const { promise: gone, resolve } = Promise.withResolvers<void>()
      app.process.once('exit', () => resolve())
      app.process.kill('SIGKILL')
      await gone
      app = await start(changed)
    },
    orders: async (portfolio) => (await sandbox.target.api.controls.orders(portfolio)).length,
    traffic: traffic.read,
    secrets: () => [
      ...own.map((name) => environment[name] ?? ''),
      ...(existsSync(secretsFile) ? readFileSync(secretsFile, 'utf8').trim().split('\n') : []),
    ],
    async close() {
      await browser.close()
      await app.stop()
      await Promise.all([sandbox.close(), traffic.close()])
      remove()
    },
  }
}
