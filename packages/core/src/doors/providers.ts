// `@behalf/core/providers`: what differs from one provider to the next.
export {
  type Auth0Options,
  auth0,
  type OidcOptions,
  oidc,
} from '../authorization-server/index.ts'
