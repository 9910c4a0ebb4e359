import type { Fetch } from '@behalf/core'
import { factsOfHeader, type RequestFacts } from '../events/index.ts'
import type { SandboxSettings } from './settings.ts'

/**
 * Makes a `fetch` that reports each request to a server outside of the sandbox, when its answer begins. The servers of
 * the sandbox report what reaches them.
 */
export function reportedFetch(settings: SandboxSettings, report: (facts: RequestFacts) => void): Fetch {
  const own = originsOf(settings)
  return async (input, init) => {
    const facts = requestOf(input, init)
    const isOwn = facts === undefined || own.includes(new URL(facts.url).origin)
    try {
      const response = await fetch(input, init)
      if (!isOwn) report({ ...facts, status: response.status })
      return response
    } catch (error) {
      if (!isOwn) report(facts)
      throw error
    }
  }
}

const originsOf = ({ phone, issuer, upstreamIssuer, enterpriseIssuer, api, openFga }: SandboxSettings) =>
  [phone, issuer, upstreamIssuer, enterpriseIssuer, api.origin, openFga.apiUrl]
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url).origin)

/** Returns the request. `undefined` if the address is invalid, which `fetch` refuses itself. */
function requestOf(input: string | URL | Request, init: RequestInit | undefined): RequestFacts | undefined {
  const request = input instanceof Request ? input : undefined
  const address = request?.url ?? String(input)
  if (!URL.canParse(address)) return undefined
  const { origin, pathname } = new URL(address)
  const token = factsOfHeader(new Headers(init?.headers ?? request?.headers).get('authorization'))
  return {
    method: init?.method ?? request?.method ?? 'GET',
    url: `${origin}${pathname}`,
    ...(token !== undefined && { token }),
  }
}
