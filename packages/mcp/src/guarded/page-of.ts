import type { Interrupt } from '@behalf/core'
import { isLoopback } from './is-loopback.ts'
import type { GuardedTool } from './mcp-tool.ts'
import { reportError } from './report-error.ts'

/**
 * The page that a client may be asked to open: absolute and `https:`, or on loopback. Whatever else the app answers
 * is no page, since a client would refuse it. Nor is there one where the app's function fails: the SDKs would tell the client
 * the text of its error.
 */
export function pageFor(guarded: GuardedTool, interrupt: Interrupt): string | undefined {
  const page = pageOf(guarded, interrupt)
  if (page === undefined || !URL.canParse(page)) return undefined
  const url = new URL(page)
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
  return isSafe && url.username === '' && url.password === '' ? url.href : undefined
}

function pageOf(guarded: GuardedTool, interrupt: Interrupt): string | undefined {
  const { pageOf: own } = guarded.rules
  try {
    return own === undefined ? interrupt.url : own(interrupt)
  } catch (error) {
    reportError(guarded, error)
    return undefined
  }
}
