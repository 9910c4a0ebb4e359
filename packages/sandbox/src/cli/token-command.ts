import { login } from '@behalf/testing'
import { guardOptionsOf } from '../start/index.ts'
import type { ControlPlace } from './control-file.ts'
import { loginAt, settingsAt, whileItRuns } from './login-at.ts'

export interface TokenRequest {
  readonly user: string
  /** Scopes, separated by spaces. @default those of a session of the agent; of another API, none */
  readonly scopes?: string | undefined
  /** Identifier of an API or MCP server. @default the agent's own API */
  readonly audience?: string | undefined
}

/** Returns an access token of a user, which a running sandbox issues. @throws TestingError It refuses. */
export async function requestToken(place: ControlPlace, { user, scopes, audience }: TokenRequest): Promise<string> {
  const settings = await settingsAt(place)
  const profile = guardOptionsOf(settings).authorizationServer
  const { agentResource } = settings
  const isOther = audience !== undefined && audience !== agentResource
  const scope = scopes === undefined && !isOther ? undefined : `openid ${scopes ?? ''}`.trim()
  const { accessToken } = await whileItRuns(place, () =>
    loginAt(place, settings, user, (target) =>
      login(target, { user, profile, resource: audience ?? agentResource, ...(scope !== undefined && { scope }) }),
    ),
  )
  return accessToken
}
