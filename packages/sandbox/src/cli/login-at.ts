import { type LoginTarget, TestingError } from '@behalf/testing'
import { personOf, type SandboxSettings } from '../start/index.ts'
import { type ControlPlace, control } from './control-file.ts'

/** Reads the settings of a running sandbox. @throws TestingError It does not answer. */
export const settingsAt = async (place: ControlPlace): Promise<SandboxSettings> =>
  (await control(place, { command: 'settings' })) as SandboxSettings

/**
 * Logs a user in at a running sandbox, as its browser and the agent's app in one.
 *
 * @param work - Logs in to the target.
 * @throws TestingError There is no such user, or the sandbox does not answer.
 */
export async function loginAt<Result>(
  place: ControlPlace,
  { issuer, clientId, clientSecret, people }: SandboxSettings,
  user: string,
  work: (target: LoginTarget) => Promise<Result>,
): Promise<Result> {
  personOf(people, user)
  const agent = {
    clientId,
    authentication: { method: 'client_secret_basic', clientSecret },
    redirectUri: 'http://127.0.0.1/callback',
  } as const
  const signInAs = async (subject: string | undefined) => {
    await control(place, { command: 'sign-in', subject })
  }
  try {
    return await work({ authorizationServer: { issuer, controls: { signInAs } }, clients: { agent } })
  } finally {
    // The person at the browser chooses the next login again.
    await signInAs(undefined)
  }
}

/**
 * Runs work that needs the sandbox. If the work fails because the sandbox has ended, the error says so.
 *
 * @throws TestingError The sandbox has ended.
 */
export async function whileItRuns<Result>(place: ControlPlace, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TestingError)) await settingsAt(place)
    throw error
  }
}
