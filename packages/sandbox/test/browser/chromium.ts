import { accessSync, constants, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** The machine's own browser. */
const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((directory) => NAMES.map((name) => join(directory, name)))
  .find(isExecutable)

export const hasChromium = executablePath !== undefined

/** Said of a test that is skipped without one. */
export const chromiumMissing = 'needs chromium: apt-get install -y chromium'

export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath ?? '',
    // As root, and in a container with little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
}

export type Scheme = 'light' | 'dark'

/** A user's browser, at a phone's size. */
export async function phoneSized(browser: Browser, colorScheme: Scheme = 'light'): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 390, height: 760 }, colorScheme, locale: 'en-GB' })
  // A limit for what hangs: a busy machine takes many times as long.
  context.setDefaultTimeout(120_000)
  return context
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds wrong with a page: nothing, that is. */
export async function violations(page: Page): Promise<readonly string[]> {
  // By the debugging protocol: the page's policy lets no script in, and is not loosened for the test.
  const session = await page.context().newCDPSession(page)
  const evaluate = async (expression: string): Promise<unknown> => {
    const options = { expression, awaitPromise: true, returnByValue: true }
    return (await session.send('Runtime.evaluate', options)).result.value
  }
  await evaluate(axeSource)
  const run =
    'axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))'
  const found = await evaluate(run)
  await session.detach()
  return found as readonly string[]
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
