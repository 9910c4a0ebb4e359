import type { McpSession } from './create-mcp-session.ts'

/** Sign-ins in a row for one piece of work: one for the first request, one or two for more scopes. */
const MAX_SIGN_INS = 3

/**
 * Does `work`, and again after each sign-in that it asks for, within a bound. For apps that can wait for the browser:
 * a command line, a desktop. Connect within `work`: a transport that was refused does not start again.
 *
 * Clients wrap the refusal in errors of their own, so what counts is that the session showed a sign-in and that `work`
 * threw. Work that returned is not done again.
 *
 * @param callback - Waits for the address that the browser comes back to, such as `loopbackSignIn`'s.
 * @throws What `work` throws, without a sign-in or after the last one.
 */
export async function withSignIn<Result>(
  session: Pick<McpSession, 'finishSignIn' | 'signInsShown'>,
  callback: () => Promise<string | URL>,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let signIns = 0; ; signIns++) {
    const shown = session.signInsShown
    try {
      return await work()
    } catch (error) {
      if (session.signInsShown === shown || signIns === MAX_SIGN_INS) throw error
      await session.finishSignIn(await callback())
    }
  }
}
