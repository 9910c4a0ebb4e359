// `@behalf/core/vault`: sources of upstream tokens, and linking of accounts.

export type { AccountChoice, ConnectionRule } from '../base/contract/index.ts'
export { type ConnectionOptions, connection, type ExemptibleConnectionRule } from '../calls/guard/connection.ts'
export type * from '../rights/vault/account-linker.ts'
export type * from '../rights/vault/auth0-connected-accounts.ts'
export { auth0ConnectedAccounts } from '../rights/vault/auth0-connected-accounts.ts'
export { type Auth0TokenVaultOptions, auth0TokenVault } from '../rights/vault/auth0-token-vault.ts'
export type { Auth0Worker } from '../rights/vault/auth0-worker.ts'
export type {
  AccountIdPath,
  AccountSource,
  ConnectionDefinition,
  ConnectionPreset,
  RevocationRequest,
} from '../rights/vault/connection-definition.ts'
export type * from '../rights/vault/exchange-vault.ts'
export { exchangeVault, keycloakBroker } from '../rights/vault/exchange-vault.ts'
export { github, googleCalendar, slack } from '../rights/vault/presets.ts'
export type { ForgottenAccounts } from '../rights/vault/stored-accounts.ts'
export { type Resealed, type StoredVault, type StoredVaultOptions, storedVault } from '../rights/vault/stored-vault.ts'
export type { ChangedConnection, Vault, VaultAnswer, VaultContext, VaultRequest } from '../rights/vault/vault.ts'
