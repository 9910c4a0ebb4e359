import { refuseUnknownKeys } from '../../base/values/index.ts'
import { claimPath, type RoleClaim, type RoleExtractor, rolesAt } from './role-map.ts'

/** Options of {@link oktaGroups}. */
export interface OktaGroupsOptions {
  /** Name of the claim at the authorization server. @default 'groups' */
  readonly claim?: RoleClaim
}

/**
 * Reads the groups that Okta writes into a token, from a claim that is configured at the authorization server.
 *
 * Let the claim's filter name a prefix of the agent's own groups: with more than 100 groups Okta refuses the whole
 * token. Group administrators can rename groups.
 *
 * @throws ConfigurationError The claim's name is empty.
 * @see {@link https://developer.okta.com/docs/guides/customize-tokens-groups-claim/main/ | Groups claims at Okta}
 */
export function oktaGroups(options: OktaGroupsOptions = {}): RoleExtractor {
  refuseUnknownKeys('oktaGroups', options, ['claim'])
  const path = claimPath('oktaGroups.claim', options.claim ?? 'groups')
  return ({ claims }) => rolesAt(claims, path)
}
