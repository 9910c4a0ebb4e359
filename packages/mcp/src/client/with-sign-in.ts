import { ConfigurationError } from '@behalf/core'
import type { McpSession } from './create-mcp-session.ts'
import { SessionProvider } from './session-provider.ts'

/** Sign-ins in a row for one piece of work: one for the first request, one or two for more scopes. */
const MAX_SIGN_INS = 3

/**
 * Does `work`, and again after each sign-in that it asks for, within a bound. For apps that can wait for the browser:
 * a command line, a desktop. Connect within `work`: a transport that was refused does not start again.
 *
 * Clients wrap the refusal in errors of their own, so what counts is that `work` asked for a sign-in and threw. Work that
 * returned is not done again, nor is work that failed beside another's sign-in, or that called a tool: make one call in
 * each `withSignIn`. The page is shown after `work` threw, and one page at a time: other work of this session waits for
 * it, and shows a page of its own only for scopes that the first one did not bring.
 *
 * @param callback - Waits for the address that the browser comes back to, such as `loopbackSignIn`'s.
 * @throws ConfigurationError `work` called a tool, and then needed a sign-in.
 * @throws What `work` throws, without a sign-in or after the last one, and what `showSignIn` throws.
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
  return provider.attend(work, MAX_SIGN_INS, async () => session.finishSignIn(await callback()))
}
