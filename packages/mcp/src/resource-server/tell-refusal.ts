import { ConfigurationError } from '@behalf/core'
import { displayText } from '@behalf/core/interrupts'
import type { Challenged } from '@behalf/core/resource-server'
import { tellApp } from '@behalf/core/spi'
import type { ReadBody } from './read-message.ts'

/** A request whose token the gate refused. It holds no token. */
export interface GateRefusal {
  /**
   * HTTP status of the response: 403 for missing scopes or a refused actor, 400 for a malformed header, 401 for another
   * token, 503 if the issuer cannot be reached.
   */
  readonly status: number
  /** Reason, such as `the token lacks mcp:trade` or `audience`. */
  readonly reason: string
  /** Tool that was called. Absent for other requests, and if the token itself is invalid. */
  readonly tool?: string
}

/** Limits the console: a reason may hold the name of a service that cannot be reached. */
const MAX_WRITTEN = 20
/** Reasons of good clients, which then sign in or refresh. */
const USUAL = ['expired', 'no nonce of ours']

/**
 * Returns the function that tells the app about refused tokens. A request without a token is no refusal: a client learns
 * from the response where to sign in.
 */
export function refusalTeller(
  onRefused: ((refusal: GateRefusal) => void) | undefined = writer(),
): (request: Request, read: ReadBody | undefined, refused: Challenged) => void {
  if (typeof onRefused !== 'function') {
    throw new ConfigurationError('mcpResourceServer.onRefused', 'give a function, which gets { status, reason, tool }')
  }
  return ({ headers }, read, { response: { status }, reason }) => {
    if (!headers.has('authorization')) return
    const tool = read?.ok === true ? read.tool : undefined
    tellApp(() => onRefused({ status, reason, ...(tool !== undefined && { tool }) }))
  }
}

function writer(): (refusal: GateRefusal) => void {
  const written = new Set(USUAL)
  return ({ status, reason, tool }) => {
    const text = `${tool === undefined ? 'a request' : `a call of ${JSON.stringify(tool)}`} (${status}): ${reason}`
    if (written.has(reason) || written.has(text) || written.size >= MAX_WRITTEN + USUAL.length) return
    written.add(text)
    console.error(`@behalf/mcp: mcpResourceServer refused ${displayText(text)}. Further ones like it are not written`)
  }
}
