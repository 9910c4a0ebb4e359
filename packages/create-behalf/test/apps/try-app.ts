import type { FrameworkName } from '../../src/choices.ts'
import { approveOnPhone, signInAsAnn } from './person.ts'
import { start } from './running.ts'

/**
 * Uses an app of the sandbox as its new owner does: starts it, approves its order on the phone, and reads the result.
 *
 * @throws Error It does not end in an approved order.
 */
export async function tryApp(folder: string, framework: FrameworkName): Promise<void> {
  const node = process.execPath
  const app = start([node, 'app.ts'], folder)
  try {
    const phone = await app.prints(/Ann's phone: (http:\S+)/)
    if (framework !== 'mcp') {
      await approved(phone)
      await app.prints(/bought 50 AAPL/)
      return
    }
    await app.prints(/MCP server: http:/)
    const client = start([node, 'client.ts'], folder)
    try {
      await signInAsAnn(await client.prints(/Sign in as Ann: (http:\S+)/))
      await client.prints(/Signed in/)
      await approved(phone)
      const output = await client.finishes()
      if (!output.includes('bought 50 AAPL')) throw new Error(`the client got no result:\n${output}`)
    } finally {
      await client.stop()
    }
  } finally {
    await app.stop()
  }
}

async function approved(phone: string): Promise<void> {
  const page = await approveOnPhone(phone)
  if (!page.includes('Buy 50 shares of AAPL')) throw new Error(`the phone shows another question:\n${page}`)
}
