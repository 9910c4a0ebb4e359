import { UnauthorizedError } from '@modelcontextprotocol/client'
import type { McpSession } from './create-mcp-session.ts'

/** Sign-ins in a row for one piece of work: one for the first request, one or two for more scopes. */
const MAX_SIGN_INS = 3

/**
 * Does `work`, and again after each sign-in that it asks for, within a bound. For apps that can wait for the browser:
 * a command line, a desktop. Connect within `work`: a transport that was refused does not start again.
 *
 * @param callback - Waits for the address that the browser comes back to, such as `loopbackSignIn`'s.
 * @throws What `work` throws, and the `UnauthorizedError` after the last sign-in.
 */
export async function withSignIn<Result>(
  session: Pick<McpSession, 'finishSignIn'>,
  callback: () => Promise<string | URL>,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let signIns = 0; ; signIns++) {
    try {
      return await work()
    } catch (error) {
      if (!isUnauthorized(error) || signIns === MAX_SIGN_INS) throw error
      await session.finishSignIn(await callback())
    }
  }
}

/** Of either SDK: that of v1 has no brand, and its message is all that it has. */
const isUnauthorized = (error: unknown): boolean =>
  UnauthorizedError.isInstance(error) || (error instanceof Error && error.constructor.name === 'UnauthorizedError')
