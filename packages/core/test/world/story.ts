import type { Command } from './commands.ts'
import type { Bearer, Happening, Text } from './events.ts'
import type { Ran } from './run-sequence.ts'
import { commandIn } from './story-of-commands.ts'

/**
 * A failure, as a person reads it: what was done, what happened, and what of it was not justified. Ends with the commands,
 * for `kept-sequences.ts`.
 */
export function storyOf({ seed, commands, log, unjustified }: Ran): string {
  const end = log.findIndex((line) => line.includes(' !!! '))
  const lines = log.slice(0, end < 0 ? undefined : end + 1).flatMap((line) => {
    const [time = '', mark] = line.split(' ', 2)
    const said = sentence(mark, line.slice(line.indexOf(' ', line.indexOf(' ') + 1) + 1), line.slice(time.length + 1))
    return said === undefined ? [] : [`${time.padStart(10)}  ${said}`]
  })
  const why = unjustified.map(({ promise, why }) => `  ${promise}: ${why}`)
  const kept = commands.map((command) => `  ${JSON.stringify(command)},`)
  return [`seed ${seed}`, ...lines, 'not justified:', ...why, 'the commands:', ...kept].join('\n')
}

function sentence(mark: string | undefined, rest: string, whole: string): string | undefined {
  if (mark === '#') return `> ${commandIn(JSON.parse(rest) as Command)}`
  if (mark === '*') return eventIn(JSON.parse(rest) as Happening)
  return mark === '!!!' || whole.includes(' dies, ') || whole.includes(' app ') || /\((lost|outage|slow)\)$/.test(whole)
    ? whole
    : undefined
}

const withAccount = ({ account }: Text): string => (account === undefined ? '' : `, account ${account}`)

const withWarning = ({ warning }: Text): string => (warning === undefined ? '' : ', with a warning')

const outcomeIn = ({ call, status, code, result = '', isReplay, isUnheard }: Extract<Happening, { kind: 'outcome' }>) =>
  `call ${call}: ${status} ${code ?? result}${isReplay ? ', from before' : ''}${isUnheard ? '; no one hears it' : ''}`

const orNone = (account = 'no account'): string => account

const whose = ({ subject, grant = subject }: Bearer): string => grant

function eventIn(event: Happening): string | undefined {
  switch (event.kind) {
    case 'called': {
      const { call, caller, tool, amount, slot, process, rules, refused = '' } = event
      const asks = rules.limit === undefined ? 'never asks' : `asks ${rules.approver} above ${rules.limit}`
      return `call ${call}: ${caller.subject} (${caller.kind}, ${caller.client}) ${tool} ${amount}, slot ${slot}, at ${process}; version ${rules.version} ${asks}${refused && `; refused: ${refused}`}`
    }
    case 'account named':
      return `call ${event.call}: the app names ${orNone(event.account)}`
    case 'account chosen':
      return event.isSure ? `${event.by.subject} has chosen ${orNone(event.account)}` : undefined
    case 'began':
      return `call ${event.call}: its body begins with ${event.input}, key ${event.key.slice(0, 6)}`
    case 'left':
      return `call ${event.call}: its caller leaves`
    case 'acted unseen':
      return `call ${event.call}: its body acts by ways of its own`
    case 'sent':
      return `call ${event.call}: ${event.method} leaves for ${whose(event.bearer)} with ${event.bearer.scopes}; the API says ${event.status ?? 'nothing'}`
    case 'took the raw token':
      return `call ${event.call}: its body takes the raw token`
    case 'body ended':
      return `call ${event.call}: its body ${event.how}`
    case 'outcome':
      return outcomeIn(event)
    case 'asked':
      return `${event.approver} is asked (${event.question.slice(0, 6)}): ${event.text.owner} (${event.text.kind}) ${event.text.tool} ${event.text.amount}, version ${event.text.version}${withAccount(event.text)}${withWarning(event.text)}`
    case 'answered':
      return event.isSure ? `${event.by.subject} said ${event.answer} to ${event.question.slice(0, 6)}` : undefined
    case 'revoked':
      return `revoked: ${event.subject ?? event.session}`
    case 'job created':
      return `the job ${event.job.slice(0, 6)} of ${event.by.subject} (${event.by.kind}) exists`
    case 'job ended':
      return `the job ${event.job.slice(0, 6)} is over`
    case 'cancelled':
      return `the question ${event.question.slice(0, 6)} was cancelled`
    case 'operator acted':
      return `${event.operator} ${event.what}`
    case 'session kept':
      return `${event.kept} of ${event.by.subject} exists`
    case 'session served':
      return `${event.kept} serves ${event.subject}`
    case 'session ended':
      return `${event.kept} is ended`
    case 'refresh token used':
      return `${event.token} is used`
    case 'linked':
      return `${event.by.subject} has linked the account ${event.account} (${event.grant})`
    case 'disconnected':
      return `${event.account ?? 'every account'} of ${event.subject} is disconnected`
    case 'resolved':
      return event.isSure
        ? `${event.by?.subject ?? 'an operator'} resolved ${event.key.slice(0, 6)}: ${event.what}`
        : undefined
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
    case 'trouble':
    case 'was slow':
    case 'written':
    case 'token issued':
      return undefined
    default:
      return event satisfies never
  }
}
