import type { Command, CommandOf } from './commands.ts'

/** A command, as the reader of a story sees it. */
export function commandIn(command: Command): string {
  const at = 'process' in command ? ` at process ${command.process + 1}` : ''
  const pace = command.pace === 'settle' ? '' : `, and ${command.pace} operations happen`
  const told = sentences[command.do] as (command: Command, at: string) => string
  return `${told(command, at)}${pace}`
}

const leaves = (patience: number | undefined): string => when(patience, `; its caller leaves after ${patience} s`)

const when = (condition: unknown, words: string): string => (condition ? words : '')

/** @param at - Where it happens, with a space before it. */
const sentences: { readonly [Name in Command['do']]: (command: CommandOf<Name>, at: string) => string } = {
  call: ({ who, proof, tool, amount, slot, body, status, preflight, odd, patience }, at) => {
    const what = preflight ? 'asks whether they could call' : 'calls'
    const end = `its body ${body}, the API says ${status}${when(odd, ` (${odd})`)}${leaves(patience)}`
    return `${who} (${proof}) ${what} ${tool} ${amount} under slot ${slot}${at}; ${end}`
  },
  'call together': ({ who, proof, tool, amount, slots, body, status, stopsAll }, at) => {
    const end = `its body ${body}, the API says ${status}${when(stopsAll, '; where one fails, the others are aborted')}`
    return `${who} (${proof}) calls ${tool} ${amount} under the slots ${slots.join(', ')} at once${at}; ${end}`
  },
  repeat: ({ which, body, patience }, at) =>
    `unanswered call ${which} is made again under a new slot${at}; its body ${body}${leaves(patience)}`,
  answer: ({ who, proof, answer, which, twice, leaked }, at) =>
    `${who} (${proof}) says ${answer} to question ${which}${when(leaked, ' of anybody')}${when(twice, ', twice')}${at}`,
  'answer on the phone': ({ answer, lie }) =>
    `on the phone, the answer is ${answer}${when(lie !== 'none', ` (${lie})`)}`,
  order: ({ who, amount, token, key, gate, approved, status }, at) => {
    const how = approved ? `approved by token ${token}` : 'without an approval'
    return `${who} places the order ${key} (${amount}, ${how}) at gate ${gate}${at}; the handler says ${status}`
  },
  link: ({ who, proof, account, onlyToRead, choose, finishedBy }, at) => {
    const how = `${when(onlyToRead, ', only to read')}${when(choose, ', and chooses it')}`
    return `${who} (${proof}) links the account ${account}${how}${when(finishedBy, `, and ${finishedBy} comes back`)}${at}`
  },
  'choose an account': ({ who, proof, account, by }, at) =>
    by === 'the app'
      ? `the app names the account ${account} for ${who} from here on`
      : `${who} (${proof}) chooses the account ${account}${at}`,
  disconnect: ({ who, proof, account }, at) =>
    account === undefined
      ? `the app forgets all accounts of ${who}${at}`
      : `${who} (${proof}) disconnects the account ${account}${at}`,
  'keep a session': ({ who, isOld }, at) => `the app keeps ${isOld ? 'an old' : 'a new'} login of ${who}${at}`,
  'sign out': ({ who }, at) => `${who} signs out of the session that the app keeps${at}`,
  operate: ({ act, who, which, what }, at) => {
    const target = { 'revoke the user': who, 'revoke the session': `of ${who}`, resolve: `run ${which}: ${what}` }
    return `an operator does this: ${act} ${act === 'cancel' ? `question ${which}` : target[act]}${at}`
  },
  'log in': ({ who, saysWhen }) => `${who} logs in${when(!saysWhen, ' (the token does not say when)')}`,
  refresh: ({ who }) => `${who}'s token is refreshed`,
  revoke: ({ what, who }, at) => `the ${what} of ${who} is revoked${at}`,
  'create a job': ({ who, proof, bounds, hasTokens }, at) =>
    `${who} (${proof}) creates a job for ${bounds}${when(hasTokens, ', with tokens')}${at}`,
  'end a job': ({ who, ofAnybody }, at) => `${who} ends a job${when(ofAnybody, ' of anybody')}${at}`,
  resolve: ({ who, proof, what, ofAnybody }, at) =>
    `${who} (${proof}) says of a run in doubt${when(ofAnybody, ' of anybody')}: ${what}${at}`,
  cancel: ({ who, ofAnybody }, at) => `${who} cancels a question${when(ofAnybody, ' of anybody')}${at}`,
  deploy: ({ change }, at) => `a deploy changes the ${change}${at}`,
  pass: ({ seconds }) => `${seconds} s pass`,
  kill: ({ process }) => `process ${process + 1} is killed`,
  'stand still': ({ process, seconds }) => `process ${process + 1} stands still for ${seconds} s`,
  'set the clock': ({ process, seconds }) => `the clock of process ${process + 1} is set ${seconds} s ahead`,
  'set the issuer’s clock': ({ seconds }) => `the issuer's clock is set ${seconds} s ahead`,
  'rotate keys': () => 'the issuer rotates its keys',
  'rotate the app’s keys': () => 'the app rotates its keys, and starts again',
  watch: (_, at) => `a watcher begins${at}`,
  break: ({ kind, after, fault }, at) => `${kind} operation ${after + 1}${at}: ${fault}`,
  mislead: ({ fault }) => `the next answer of a server is wrong: ${fault}`,
}
