import { ConfigurationError, type Interrupt } from '@behalf/core'
import { tellApp } from '@behalf/core/spi'
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
  if (own === undefined) return interrupt.url
  try {
    // A copy: the client is told what the guard asks.
    const page: unknown = own(structuredClone(interrupt))
    if (page === undefined || page === null || typeof page === 'string') return page ?? undefined
    // A promise that rejects would end the process.
    tellApp(() => page)
    throw new ConfigurationError(
      'guardTools.pageOf',
      'returned no text, but a promise or an object: return the address',
    )
  } catch (error) {
    reportError(guarded, error)
    return undefined
  }
}
