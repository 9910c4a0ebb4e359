import { ConfigurationError } from '../errors/index.ts'

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Returns whether a URL stays on this machine, so that no other machine can read plain `http:`. */
export function isLoopback(url: URL): boolean {
  return loopback.test(url.hostname)
}

/**
 * Checks a list of at least one exact origin, `https:` or loopback `http:`, without duplicates. Returns a frozen copy.
 */
export function originList(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigurationError(
      option,
      'name at least one origin that may see the token, such as https://api.example.com',
    )
  }
  const list: unknown[] = [...value]
  list.forEach((origin: unknown, index) => {
    const at = `${option}[${index}]`
    const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined
    // The exact spelling: each request is compared with the text of the policy.
    if (url === undefined || url.origin !== origin || origin.includes('*')) {
      throw new ConfigurationError(
        at,
        'is not an exact origin: write scheme, host and port only (https://api.example.com)',
      )
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
      throw new ConfigurationError(at, 'is not https: a token would travel in the clear; http is for loopback only')
    }
    if (list.indexOf(origin) !== index) throw new ConfigurationError(at, 'names an origin twice')
  })
  return Object.freeze(list as string[])
}
