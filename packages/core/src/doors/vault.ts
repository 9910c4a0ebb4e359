// `@behalf/core/vault`: where upstream tokens come from.
export {
  type Auth0TokenVaultOptions,
  auth0TokenVault,
} from '../vault/index.ts'
