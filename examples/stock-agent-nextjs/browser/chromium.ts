import { accessSync, constants, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

/** The machine's own browser. */
const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((directory) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(directory, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })

export const hasChromium = executablePath !== undefined

/** Message for tests that are skipped without Chromium. */
export const chromiumMissing = 'needs chromium: apt-get install -y chromium'

export function startChromium(): Promise<Browser> {
  // Runs as root, and in a container with little shared memory. Hosts of one domain resolve to this machine.
  const args = [
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    '--host-resolver-rules=MAP *.test 127.0.0.1',
  ]
  return chromium.launch({ executablePath: executablePath ?? '', args })
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * Returns the problems that axe-core finds in a page. It uses the debugging protocol, because the page's policy allows
 * no script.
 */
export async function violations(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page)
  const evaluate = async (expression: string): Promise<unknown> =>
    (await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result.value
  await evaluate(axe)
  const found = await evaluate(`axe.run(document).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`)
  await session.detach()
  return found as readonly string[]
}
