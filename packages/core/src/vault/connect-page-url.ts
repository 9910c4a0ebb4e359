import { ConfigurationError } from '../base/errors/index.ts'
import { isLoopback } from '../base/values/index.ts'
import type { VaultRequest } from './vault.ts'

/** Makes the URLs of interrupts: the app's page, with the request in its query. */
export function connectPageUrl(option: string, page: string | undefined) {
  if (page !== undefined) {
    const url = URL.canParse(page) ? new URL(page) : undefined
    if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) {
      throw new ConfigurationError(option, 'give an absolute https: URL of a page of the app')
    }
  }
  return ({
    connection,
    scopes,
    account,
  }: Pick<VaultRequest, 'connection' | 'scopes' | 'account'>): string | undefined => {
    if (page === undefined) return undefined
    const url = new URL(page)
    url.searchParams.set('connection', connection)
    url.searchParams.set('scopes', scopes.join(' '))
    if (account !== undefined) url.searchParams.set('account', account)
    return url.href
  }
}
