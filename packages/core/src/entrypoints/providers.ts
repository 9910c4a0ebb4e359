// `@behalf/core/providers`: profiles of the providers, and keys that a client proves.

export type { ClientAuthenticationOptions } from '../oauth/client/client-authentication-options.ts'
export type * from '../oauth/client/dpop-key.ts'
export { generateDpopKey, importDpopKey } from '../oauth/client/dpop-key.ts'
export { type Auth0Options, auth0, checkAuth0Message } from '../oauth/profiles/auth0.ts'
export { type EntraOptions, entra } from '../oauth/profiles/entra.ts'
export { type KeycloakOptions, keycloak } from '../oauth/profiles/keycloak.ts'
export { type OidcOptions, oidc } from '../oauth/profiles/oidc.ts'
export { type OktaOptions, okta } from '../oauth/profiles/okta.ts'
export type { UnpublishedEndpoints } from '../oauth/profiles/profile.ts'
export type { LoginHint, ProfileOptions } from '../oauth/profiles/profile-options.ts'
export { type SpringOptions, spring } from '../oauth/profiles/spring.ts'
