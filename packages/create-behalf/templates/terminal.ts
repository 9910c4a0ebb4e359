// The login and the approvals of a program in a terminal. Replace both before you deploy: the login by your app's own,
// the approvals by ciba() of '@behalf/core/ciba', or by pages of your app.
import { createInterface } from 'node:readline/promises'
import { type GuardOptions, memoryStore, type Profile } from '@behalf/core'
import { approvalAnswers, type PushedChannel, type VerifiedAnswer } from '@behalf/core/channels'
import { displayText } from '@behalf/core/interrupts'
// #region agent
import { deviceLogin } from '@behalf/core/node'
// #endregion

/** Returns a setting of `.env`. */
export function setting(name: string): string {
  const value = process.env[name]
  if (value) return value
  console.error(`${name} is missing: set it in .env`)
  process.exit(1)
}

/** Asks in this terminal. The person at the keyboard answers for every user. */
export function askInTerminal(authorizationServer: Profile): Required<Pick<GuardOptions, 'approvals' | 'store'>> {
  const store = memoryStore()
  let turn = Promise.resolve()
  const approvals: PushedChannel = {
    specificationVersion: 2,
    async ask({ approvalId, questionId, approver, message }) {
      turn = turn.then(async () => {
        const terminal = createInterface({ input: process.stdin, output: process.stdout })
        const typed = await terminal.question(`${displayText(message)}? Type yes or no: `)
        terminal.close()
        const decision = typed.trim().toLowerCase() === 'yes' ? 'approved' : 'denied'
        const evidence = { method: 'terminal' }
        await take({ approvalId, questionId, approver, decision, at: Date.now() / 1000, evidence }).catch(console.error)
      })
      return { state: {} }
    },
    verify: async (answer) => answer as VerifiedAnswer, // It comes from `ask`.
  }
  const take = approvalAnswers({ authorizationServer, store, approvals })
  return { approvals, store }
}
// #region agent

/** Signs in a user by the device flow: they open a link and enter a code. */
export async function signInByDevice(authorizationServer: Profile, audience: string, scopes: readonly string[] = []) {
  const device = deviceLogin({
    authorizationServer,
    application: 'APP-NAME',
    resource: audience,
    scopes: ['openid', 'profile', 'offline_access', ...scopes],
    show: ({ verificationUri, userCode }) => console.log(`Sign in: open ${verificationUri} and enter ${userCode}`),
  })
  const outcome = await device.login()
  if (outcome.status === 'verified') return outcome.identity
  throw new Error(`The login was not completed: ${outcome.status}`)
}
// #endregion
