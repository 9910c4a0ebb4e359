import { ConfigurationError, type Interrupt } from '@behalf/core'
import { tellApp } from '@behalf/core/spi'
import { isLoopback } from '../base/is-loopback.ts'
import type { GuardedTool } from './mcp-tool.ts'
import { reportError } from './report-error.ts'

/**
 * Returns the page that a client may be asked to open: absolute, and `https:` or on loopback. Returns `undefined` for
 * any other address, since a client would refuse it. Also returns `undefined` if the app's function fails: the SDKs
 * would send the error's text to the client.
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
    // Copied, so that the app cannot change the interrupt that the client gets.
    const page: unknown = own(structuredClone(interrupt))
    if (page === undefined || page === null || typeof page === 'string') return page ?? undefined
    // If the promise rejects later, it must not end the process.
    tellApp(() => page)
    throw new ConfigurationError(
      `${guarded.owner}.pageOf`,
      'returned no text, but a promise or an object: return the address',
    )
  } catch (error) {
    reportError(guarded, error)
    return undefined
  }
}
