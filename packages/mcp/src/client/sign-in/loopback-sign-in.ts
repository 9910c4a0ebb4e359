import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignInError } from './sign-in-error.ts'

/** Options of {@link loopbackSignIn}. */
export interface LoopbackSignInOptions {
  /**
   * Opens the user's browser, or prints the address. Pass the address as an argument of its own, never through a shell.
   */
  readonly open: (url: URL) => void | Promise<void>
  /** Port of 127.0.0.1 to which the browser comes back. @default a free port, as in RFC 8252 §7.3 */
  readonly port?: number
  /** Maximum time of a sign-in, in seconds. @default 300 */
  readonly timeoutSeconds?: number
  /** Aborts a waiting `callback()`, which rejects with the signal's reason. @default only `timeoutSeconds` ends it */
  readonly signal?: AbortSignal
}

/** A callback on this machine, to which a browser comes back. */
export interface LoopbackSignIn {
  /** Value for `client.redirectUri`. */
  readonly redirectUri: string
  /** Value for `showSignIn`. */
  show(url: URL): Promise<void>
  /** Returns the address that the browser came back to, for `finishSignIn`. @throws SignInError `timed_out` */
  callback(): Promise<URL>
  /** Closes the port and its connections. Does not end a waiting `callback()`. */
  close(): Promise<void>
}

const pages = {
  done: 'You can close this page, and go back to the app.',
  refused: 'The sign-in failed. You can close this page: the app says why.',
}

/**
 * Signs in a user of a command-line agent in the browser, which comes back to a port on loopback. Node only.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-7.3 | RFC 8252 §7.3}
 */
export async function loopbackSignIn(options: LoopbackSignInOptions): Promise<LoopbackSignIn> {
  const { open, port = 0, timeoutSeconds = 300, signal } = options
  const { createServer } = await import('node:http')
  let waiting = Promise.withResolvers<URL>()
  /** `state` of the sign-in that was shown last. An untrusted response without it ends nothing. */
  let state: string | undefined
  let host = ''
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = callbackOf(request, host)
    const isAnswer = url !== undefined && state !== undefined && url.searchParams.get('state') === state
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
    response.writeHead(isAnswer ? 200 : 404, { ...headers, 'referrer-policy': 'no-referrer' })
    response.end(isAnswer ? pages[url.searchParams.has('error') ? 'refused' : 'done'] : '')
    if (isAnswer) waiting.resolve(url)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    redirectUri: `http://${host}/callback`,
    async show(url) {
      // One sign-in at a time: a response to the previous one must not end this one.
      waiting = Promise.withResolvers<URL>()
      state = url.searchParams.get('state') ?? undefined
      await open(url)
    },
    async callback() {
      const late = AbortSignal.timeout(timeoutSeconds * 1000)
      const ending = signal === undefined ? late : AbortSignal.any([late, signal])
      const ended = new Promise<never>((_resolve, reject) => {
        const end = () => reject(signal?.aborted ? signal.reason : timedOut())
        if (ending.aborted) end()
        else ending.addEventListener('abort', end, { once: true })
      })
      return Promise.race([waiting.promise, ended])
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/**
 * Returns the requested address if it is the callback's. Refuses another host name: a DNS-rebinding page would use one.
 */
function callbackOf({ method, headers, url: target = '' }: IncomingMessage, host: string): URL | undefined {
  if (headers.host !== host || method !== 'GET' || !target.startsWith('/callback')) return undefined
  const address = `http://${host}${target}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  return url?.pathname === '/callback' ? url : undefined
}

const timedOut = () => new SignInError('timed_out', 'the browser did not come back in time')
