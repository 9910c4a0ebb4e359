// `@behalf/core/vault`: sources of upstream tokens, and linking of accounts.

export type { AccountChoice, ConnectionRule } from '../base/contract/index.ts'
export { type ConnectionOptions, connection, type ExemptibleConnectionRule } from '../guard/tools/connection.ts'
export type * from '../vault/account-linker.ts'
export type * from '../vault/auth0/auth0-connected-accounts.ts'
export { auth0ConnectedAccounts } from '../vault/auth0/auth0-connected-accounts.ts'
export type { Auth0Worker } from '../vault/auth0/auth0-token-vault.ts'
export { type Auth0TokenVaultOptions, auth0TokenVault } from '../vault/auth0/auth0-token-vault.ts'
export type * from '../vault/exchange-vault.ts'
export { exchangeVault, keycloakBroker } from '../vault/exchange-vault.ts'
export type { ForgottenAccounts } from '../vault/stored/stored-accounts.ts'
export { type Resealed, type StoredVault, type StoredVaultOptions, storedVault } from '../vault/stored/stored-vault.ts'
export type {
  AccountIdPath,
  AccountSource,
  ConnectionDefinition,
  ConnectionPreset,
  RevocationRequest,
} from '../vault/upstream/connection-definition.ts'
export { github, googleCalendar, slack } from '../vault/upstream/presets.ts'
export type { ChangedConnection, Vault, VaultAnswer, VaultContext, VaultRequest } from '../vault/vault.ts'
