import type { Interrupt } from '@behalf/core'
import { isLoopback } from './is-loopback.ts'
import type { PageOf } from './mcp-tool.ts'

/**
 * The page that a client may be asked to open: absolute and `https:`, or on loopback. Whatever else the app answers
 * is no page, since a client would refuse it.
 */
export function pageFor(interrupt: Interrupt, pageOf: PageOf | undefined): string | undefined {
  const page = pageOf === undefined ? interrupt.url : pageOf(interrupt)
  if (page === undefined || !URL.canParse(page)) return undefined
  const url = new URL(page)
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
  return isSafe && url.username === '' && url.password === '' ? url.href : undefined
}
