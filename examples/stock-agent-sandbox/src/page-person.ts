import type { TerminalPerson } from '@behalf/example-stock-agent/demo'
import type { Sandbox } from '@behalf/sandbox'

/** Lets the person at the terminal answer as Ann on her phone's page. */
export function pagePerson({ onEvent, target }: Sandbox): TerminalPerson {
  const answers = new Map<string, 'approve' | 'deny' | 'ignore'>()
  const stop = onEvent((event) => {
    if (event.type !== 'answered') return
    const answer = event.answer === 'approved' ? 'approve' : event.answer === 'denied' ? 'deny' : 'ignore'
    answers.set(event.message ?? '', answer)
  })
  const isOpen = async (authReqId: string) =>
    (await target.authorizationServer.controls.pendingRequests()).some((one) => one.authReqId === authReqId)
  return {
    answersThemselves: true,
    async decide({ authReqId, bindingMessage = '' }) {
      process.stdout.write('            Answer on the phone.\n')
      while (await isOpen(authReqId)) await new Promise((resolve) => setTimeout(resolve, 200))
      return answers.get(bindingMessage) ?? 'ignore'
    },
    close: stop,
  }
}
