import { ConfigurationError } from '../base/errors/index.ts'
import { needed } from '../base/values/index.ts'
import { connectAuthorizationServer } from './connect-authorization-server.ts'
import { ownProfile, type Profile } from './profiles/profile.ts'
import type { AuthorizationServer, AuthorizationServers, Surroundings } from './server.ts'

/**
 * The profile of an issuer, or `undefined` if the app does not trust it. Return the same object each time: discovery
 * and keys are cached by object.
 */
export type ProfileOf = (issuer: string) => Profile | undefined

/** Requirement of an option `authorizationServer`. */
export const profileOption = needed({
  words: 'a profile such as auth0({ … }) or oidc({ … }), or a function from an issuer to its profile',
  holds: (value) => typeof value === 'function' || typeof (value as Profile | null)?.issuer === 'string',
})

/**
 * Returns the authorization servers that an app trusts: one, or those that `profile` returns.
 *
 * An unknown issuer is refused before any request.
 */
export function authorizationServers(profile: Profile | ProfileOf, surroundings: Surroundings): AuthorizationServers {
  const sole = typeof profile === 'function' ? undefined : connectAuthorizationServer(profile, surroundings)
  const servers = new WeakMap<Profile, AuthorizationServer>()
  // If a profile of another issuer were returned, that issuer's tokens would be accepted as this one's.
  const find = (issuer: string): Profile | undefined => {
    const found = typeof profile === 'function' ? profile(issuer) : sole?.profile
    return found?.issuer === issuer ? found : undefined
  }
  return {
    ...(sole !== undefined && { sole }),
    knows: (issuer) => find(issuer) !== undefined,
    of(issuer) {
      const found = find(issuer)
      if (found === undefined) throw unknown(issuer)
      if (sole !== undefined) return sole
      const own = ownProfile(found)
      const server = servers.get(own) ?? connectAuthorizationServer(own, surroundings)
      servers.set(own, server)
      return server
    },
  }
}

const unknown = (issuer: string) =>
  new ConfigurationError('authorizationServer', `does not know the issuer ${JSON.stringify(issuer)}`)

/** Returns our client at an issuer, or `undefined` if the app does not trust the issuer. */
export const clientAt = (servers: AuthorizationServers, issuer: string): string | undefined =>
  servers.knows(issuer) ? servers.of(issuer).profile.clientId : undefined
