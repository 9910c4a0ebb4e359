export { type Auth0TokenVaultOptions, auth0TokenVault } from './auth0-token-vault.ts'
export { type ConnectionOptions, connection, type ExemptibleConnectionRule } from './connection.ts'
export type { Vault, VaultAnswer, VaultContext, VaultRequest } from './vault.ts'
