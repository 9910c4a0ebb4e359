import { allowInsecureLoopback, type GuardOptions, type Profile } from '@behalf/core'
import { jsonLinesSink } from '@behalf/core/audit'
import { ciba } from '@behalf/core/ciba'
import { type AccessCheck, type OpenFga, openFga } from '@behalf/core/fga'
import { checkAuth0Message, oidc } from '@behalf/core/providers'
import { entraRoles, keycloakRoles, oktaGroups, roleMap } from '@behalf/core/roles'
import { auth0TokenVault } from '@behalf/core/vault'
import type { SandboxProfile } from '../authorization-server/index.ts'
import type { GuardReporters } from '../console/index.ts'
import { type OpenTarget, tuplesThatFailed } from '../target/index.ts'
import { reportedFetch } from './reported-fetch.ts'
import type { SandboxSettings } from './settings.ts'

/** Options of `createGuard` for an agent of the sandbox. */
export type SandboxGuardOptions = GuardOptions & { readonly authorizationServer: Profile }

const SCOPES = ['portfolio:read', 'trade:write', 'trade:small']

/** Place of the roles in the tokens of each profile. */
const SOURCE_OF_ROLES = {
  oidc: { claim: 'roles' },
  auth0: { claim: ['https://behalf.example/roles'] },
  okta: { extract: oktaGroups() },
  entra: { extract: entraRoles() },
  keycloak: { extract: keycloakRoles() },
} as const satisfies Readonly<Record<SandboxProfile, object>>

/** Parts that only the process of the sandbox has. */
export interface InProcess {
  /** The console. */
  readonly reporters: GuardReporters
  /** Explains the answers of OpenFGA. */
  readonly explain: OpenTarget['explain']
}

/**
 * Returns the options that the code of {@link settingsCode} passes to `createGuard`, and a `fetch` that reports requests.
 * @param inProcess - @default reports to the sandbox's process, and answers of OpenFGA without reasons
 */
export function guardOptionsOf(settings: SandboxSettings, inProcess?: InProcess): SandboxGuardOptions {
  const { audit, onFault, onRequest } = inProcess?.reporters ?? reportTo(settings)
  const { issuer, clientId, clientSecret, agentName, openFga: fga, profile } = settings
  return {
    authorizationServer: oidc({
      issuer,
      clientId,
      clientSecret,
      ciba: { carriesAuthorizationDetails: true, checkBindingMessage: checkAuth0Message },
      [allowInsecureLoopback]: true,
    }),
    agent: { name: agentName, ceiling: SCOPES },
    permissions:
      inProcess === undefined
        ? openFga(fga)
        : withReasons(openFga({ ...fga, explainer: { explain: inProcess.explain } })),
    roles: roleMap({ ...SOURCE_OF_ROLES[profile], scopes: { trader: SCOPES } }),
    vault: auth0TokenVault(),
    approvals: ciba(),
    audit,
    onFault,
    fetch: reportedFetch(settings, onRequest),
  }
}

/** Adds to each no the tuples whose condition did not hold, with the values, so that the printed trace has them. */
function withReasons(checker: OpenFga): OpenFga {
  const reasonOf = ({ allowed, explanation }: AccessCheck): string =>
    allowed || explanation === undefined ? '' : tuplesThatFailed(explanation)
  return {
    ...checker,
    async check(asked) {
      const decision = await checker.check(asked)
      const checks = decision.checks.map((check) => ({
        ...check,
        problem: check.problem ?? (reasonOf(check) || undefined),
      }))
      return { ...decision, checks }
    },
  }
}

function reportTo({ reports: { url, key } }: SandboxSettings): GuardReporters {
  const headers = { authorization: `Bearer ${key}` }
  const report = async (body: string) => {
    await fetch(url, { method: 'POST', headers, body })
  }
  return {
    audit: jsonLinesSink({ to: report }),
    onFault: (fault) => report(JSON.stringify(fault)),
    // If the sandbox has stopped, there is no console, and the request continues.
    onRequest: (request) => void report(JSON.stringify(request)).catch(() => {}),
  }
}
