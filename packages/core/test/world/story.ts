import type { Command } from './commands.ts'
import type { Happening } from './events.ts'
import type { Ran } from './run-sequence.ts'

/** A failure, as a person reads it: what was done, what happened, and what of it was not justified. */
export function storyOf({ seed, log, unjustified }: Ran): string {
  const end = log.findIndex((line) => line.includes(' !!! '))
  const lines = log.slice(0, end < 0 ? undefined : end + 1).flatMap((line) => {
    const [time = '', mark] = line.split(' ', 2)
    const said = sentence(mark, line.slice(line.indexOf(' ', line.indexOf(' ') + 1) + 1), line.slice(time.length + 1))
    return said === undefined ? [] : [`${time.padStart(10)}  ${said}`]
  })
  const why = unjustified.map(({ promise, why }) => `  ${promise}: ${why}`)
  return [`seed ${seed}`, ...lines, 'not justified:', ...why].join('\n')
}

function sentence(mark: string | undefined, rest: string, whole: string): string | undefined {
  if (mark === '#') return `> ${commandIn(JSON.parse(rest) as Command)}`
  if (mark === '*') return eventIn(JSON.parse(rest) as Happening)
  return mark === '!!!' || whole.includes(' dies, ') || whole.includes(' app ') || /\((lost|outage|slow)\)$/.test(whole)
    ? whole
    : undefined
}

function commandIn(command: Command): string {
  const pace = command.pace === 'settle' ? '' : `, and ${command.pace} operations happen`
  return `${doneBy(command)}${pace}`
}

function doneBy(command: Command): string {
  const at = 'process' in command ? ` at process ${command.process + 1}` : ''
  switch (command.do) {
    case 'call': {
      const { who, proof, tool, amount, slot, body, status, preflight, odd } = command
      const what = preflight ? 'asks whether it could call' : 'calls'
      return `${who} (${proof}) ${what} ${tool} ${amount} under slot ${slot}${at}; its body ${body}, the API says ${status}${odd === undefined ? '' : ` (${odd})`}`
    }
    case 'answer':
      return `${command.who} (${command.proof}) says ${command.answer} to question ${command.which}${command.twice ? ', twice' : ''}${at}`
    case 'answer on the phone':
      return `on the phone, somebody says ${command.answer} (${command.lie})`
    case 'order': {
      const { who, amount, token, key, gate, approved, status } = command
      const how = approved ? `approved by token ${token}` : 'without an approval'
      return `${who} places the order ${key} (${amount}, ${how}) at gate ${gate}${at}; the handler says ${status}`
    }
    case 'log in':
      return `${command.who} logs in${command.saysWhen ? '' : ' (the token does not say when)'}`
    case 'refresh':
      return `${command.who}'s token is refreshed`
    case 'revoke':
      return `the ${command.what} of ${command.who} is revoked${at}`
    case 'create a job':
      return `${command.who} (${command.proof}) creates a job${at}`
    case 'end a job':
      return `${command.who} ends a job${at}`
    case 'resolve':
      return `${command.who} (${command.proof}) says of a run in doubt: ${command.what}${at}`
    case 'cancel':
      return `${command.who} cancels a question${at}`
    case 'deploy':
      return `a deploy changes the ${command.change}${at}`
    case 'pass':
      return `${command.seconds} s pass`
    case 'kill':
      return `process ${command.process + 1} is killed`
    case 'stand still':
      return `process ${command.process + 1} stands still for ${command.seconds} s`
    case 'set the clock':
      return `the clock of process ${command.process + 1} is set ${command.seconds} s ahead`
    case 'set the issuer’s clock':
      return `the issuer's clock is set ${command.seconds} s ahead`
    case 'rotate keys':
      return 'the issuer rotates its keys'
    case 'rotate the app’s keys':
      return 'the app rotates its keys, and starts anew'
    case 'watch':
      return `a watcher begins${at}`
    case 'break':
      return `${command.kind} operation ${command.after + 1}${at}: ${command.fault}`
    case 'mislead':
      return `the next exchange goes wrong: ${command.fault}`
    default:
      return command satisfies never
  }
}

function eventIn(event: Happening): string | undefined {
  switch (event.kind) {
    case 'called': {
      const { call, caller, tool, amount, slot, process, rules, refused = '' } = event
      const asks = rules.limit === undefined ? 'never asks' : `asks ${rules.approver} above ${rules.limit}`
      return `call ${call}: ${caller.subject} (${caller.kind}, ${caller.client}) ${tool} ${amount}, slot ${slot}, at ${process}; version ${rules.version} ${asks}${refused && `; refused: ${refused}`}`
    }
    case 'began':
      return `call ${event.call}: its body begins with ${event.input}, key ${event.key.slice(0, 6)}`
    case 'sent':
      return `call ${event.call}: ${event.method} leaves for ${event.bearer.subject} with ${event.bearer.scopes}; the API says ${event.status ?? 'nothing'}`
    case 'took the raw token':
      return `call ${event.call}: its body takes the raw token`
    case 'body ended':
      return `call ${event.call}: its body ${event.how}`
    case 'outcome':
      return `call ${event.call}: ${event.status} ${event.code ?? event.result ?? ''}`
    case 'asked':
      return `${event.approver} is asked (${event.question.slice(0, 6)}): ${event.text.owner} (${event.text.kind}) ${event.text.tool} ${event.text.amount}, version ${event.text.version}`
    case 'answered':
      return event.isSure ? `${event.by.subject} said ${event.answer} to ${event.question.slice(0, 6)}` : undefined
    case 'revoked':
      return `revoked: ${event.subject ?? event.session}`
    case 'job created':
      return `the job ${event.job.slice(0, 6)} of ${event.by.subject} (${event.by.kind}) exists`
    case 'job ended':
      return `the job ${event.job.slice(0, 6)} is over`
    case 'resolved':
      return event.isSure ? `${event.by.subject} resolved ${event.key.slice(0, 6)}: ${event.what}` : undefined
    case 'order ran':
      return `the order ${event.key} of ${event.subject} runs, in ${event.store}`
    case 'order ended':
      return `the order ${event.key} of ${event.subject}: ${event.status}`
    case 'must end':
      return `all is well; an earlier call ends as ${event.status}`
    case 'must run':
      return `all is well; a new call ends as ${event.status}`
    case 'died':
    case 'stood still':
    case 'clocks':
    case 'written':
    case 'token issued':
      return undefined
    default:
      return event satisfies never
  }
}
