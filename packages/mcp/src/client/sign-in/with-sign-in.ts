import { ConfigurationError } from '@behalf/core'
import type { McpSession } from '../session/create-mcp-session.ts'
import { SessionProvider } from '../session/session-provider.ts'
import { signInErrorIn } from './sign-in-error.ts'

/** Maximum number of sign-ins in a row for one `work`: one for the first request, one or two for more scopes. */
const MAX_SIGN_INS = 3

/**
 * Runs `work`, and runs it again after each sign-in that it asks for, up to a limit. For apps that can wait for the
 * browser, such as a command line or a desktop app. Connect within `work`: a refused transport does not start again.
 *
 * Clients wrap the refusal in their own errors, so `work` is repeated if it asked for a sign-in and threw. It is not
 * repeated if it returned, if only other work asked for the sign-in, or if it called a tool. So make one call in each
 * `withSignIn`. The page is shown after `work` threw, and one page at a time: other work of this session waits for it,
 * and shows another page only for scopes that are still missing.
 *
 * @param callback - Waits for the address that the browser comes back to, such as `loopbackSignIn`'s.
 * @throws SignInError A sign-in failed, or cannot succeed. Thrown itself where it is a `cause` of what `work` throws:
 *   the MCP SDK wraps it at `connect`.
 * @throws ConfigurationError `work` called a tool, and then needed a sign-in.
 * @throws What else `work` throws, without a sign-in or after the last one, and what `showSignIn` throws.
 */
export async function withSignIn<Result>(
  session: Pick<McpSession, 'authProvider' | 'finishSignIn'>,
  callback: () => Promise<string | URL>,
  work: () => Promise<Result>,
): Promise<Result> {
  const { authProvider: provider } = session
  if (!(provider instanceof SessionProvider)) {
    throw new ConfigurationError('withSignIn.session', 'give what createMcpSession returned')
  }
  const attempt = async () => {
    try {
      return await work()
    } catch (error) {
      throw signInErrorIn(error) ?? error
    }
  }
  return provider.attend(attempt, MAX_SIGN_INS, async () => session.finishSignIn(await callback()))
}
