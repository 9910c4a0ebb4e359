import { createGuard } from '@behalf/core'
import { startSandbox } from '@behalf/sandbox'

// A login server, a permission server, an API and phones, in this process. Ctrl-C ends them.
const sandbox = await startSandbox()

export const guard = createGuard(sandbox.guardOptions)

/** Signs in the user for whom the agent acts. */
export const signIn = () => sandbox.signIn('ann')

console.log(`Ann's phone: ${sandbox.phone.urlOf('ann')}`)
console.log(`Console, with each call: ${sandbox.consoleUrl}`)
