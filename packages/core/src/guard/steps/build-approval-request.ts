import { type AuthorizationDetail, ownerOf, type Principal, type ResourceRule } from '../../base/contract/index.ts'
import { movesNumbers } from '../../base/display/text-direction.ts'
import { visibleText } from '../../base/display/visible-text.ts'
import { kinds, shownTime, snapshot } from '../../base/values/index.ts'
import type { ApprovalChannel } from '../../runs/channels/approval-channel.ts'
import { askingClient } from '../../runs/channels/channels-by-name.ts'
import { channelQuestion } from '../../runs/deliver-question.ts'
import { afterNoes } from '../../runs/noes.ts'
import type { Entry, StoredQuestion } from '../../runs/record.ts'
import { stateOf, tryOf } from '../../runs/run-state.ts'
import type { PermittedCall } from '../call/call.ts'
import { callRule } from '../call/call-rule.ts'
import { deny, type Refusal } from '../call/refusal.ts'
import type { Runs } from '../guard-parts.ts'
import { anApprover } from '../tools/policy-definition.ts'
import { type ApprovalRules, approverOf, channelOf, rulesInput } from './approver.ts'

/** Default time that a question may stay open, in seconds. */
const LIFETIME_SECONDS = 3600

/** Maximum length of a message, in characters. A longer message is refused, and never truncated. */
const MAX_MESSAGE = 2_000

/** Builds the question for the person once, and checks it before anything is stored or sent. */
function draftQuestion(
  call: PermittedCall,
  approval: ApprovalRules,
  toTell: readonly Entry[],
  runs: Runs,
): StoredQuestion | Refusal {
  const chosen = channelOf(approval, runs)
  if (typeof chosen === 'string') return deny('misconfigured', chosen)
  const { name, channel } = chosen
  const approver = approverOf(approval, call)
  if (approver === undefined || !isApprover(approver)) {
    return deny('misconfigured', `approval.approver: names no person; give ${anApprover.words}`)
  }
  const asked = callRule('approval.message', approval.message, rulesInput(call)).normalize('NFC').trim()
  const context = { authorizationServers: runs.servers, clock: runs.clock }
  const problemOf = (text: string) => messageProblem(text) ?? channel.checkMessage?.(text, { ...approver }, context)
  const problem = problemOf(asked)
  if (problem !== undefined) {
    // The model can write other arguments. The rule itself is wrong if it writes nothing.
    const isOfInput = asked !== '' && messageProblem(asked) !== undefined
    return deny(isOfInput ? 'invalid_input' : 'misconfigured', `approval.message: ${problem}`)
  }
  const message = withDoubt(asked, toTell).find((text) => problemOf(text) === undefined)
  if (message === undefined) {
    return deny('unknown_outcome', 'an equal run is in doubt, and this channel has no room to say so')
  }
  const details = plainDetails(
    (approval.details && callRule('approval.details', approval.details, rulesInput(call))) ?? [],
  )
  if (details === undefined) return deny('misconfigured', 'approval.details must be plain JSON objects with a type')
  const { useWithinSeconds, maxSends, askAgainAfterSeconds } = approval
  const question = {
    id: crypto.randomUUID(),
    approver,
    message,
    details,
    channel: name,
    client: askingClient(channel, approver, runs.servers),
    policyVersion: call.report.policyVersion ?? '',
    expiresAt: runs.clock.now() / 1000 + (approval.lifetimeSeconds ?? LIFETIME_SECONDS),
    toldInDoubt: toTell.map(tryOf),
    useWithinSeconds,
    maxSends,
    askAgainAfterSeconds,
  }
  return withCredential(call, question, channel, runs)
}

/**
 * Texts that warn the person of an equal run in doubt, from a full sentence to the shortest text that narrow channels
 * accept (A13).
 */
function withDoubt(message: string, toTell: readonly Entry[]): readonly string[] {
  if (toTell.length === 0) return [message]
  const last = Math.max(...toTell.map(({ record }) => record.attempt?.startedAt ?? record.createdAt))
  const isDone = toTell.every(({ record }) => stateOf(record) === 'completed')
  const [day = '', time = ''] = shownTime(last).split(/[T.]/)
  const note = `Repeat/${day.slice(5)}/${time.slice(0, 5).replace(':', '')}/${isDone ? 'done' : 'unknown'}`
  return [
    `An equal request of ${day} ${time} UTC ${isDone ? 'was done, and its result may be unseen' : 'ended without a known result'}. ${message}`,
    `Repeat of ${day.slice(5)} ${time.slice(0, 5)} UTC, ${isDone ? 'which was done' : 'result unknown'}: ${message}`,
    `${note}/${message}`,
    // The note comes last: before a text that runs from right to left, it would move the numbers in that text.
    `${message}/${note}`,
  ]
}

/** Returns why a message cannot be shown. Every channel must show the same text, and sends it unchanged (A8). */
function messageProblem(text: string): string | undefined {
  if (text === '') return 'is empty'
  if (text.length > MAX_MESSAGE) return `is longer than ${MAX_MESSAGE} characters`
  const shown = visibleText(text)
  if (shown !== text) return `holds characters that are not shown as they are: ${codesIn(shown)}`
  return movesNumbers(text) ? 'has right-to-left text before a number: that moves the number' : undefined
}

/** Returns the first character codes in a text, for the operator. */
const codesIn = (shown: string): string => [...new Set(shown.match(/\[U\+[^[\]]+\]|⏎/g))].slice(0, 5).join(' ')

const isApprover = ({ issuer, subject, tenant = subject }: Principal): boolean =>
  kinds.texts.holds([issuer, subject, tenant])

function plainDetails(details: readonly AuthorizationDetail[]): readonly AuthorizationDetail[] | undefined {
  const copied = snapshot(details)
  if ('problem' in copied || !Array.isArray(copied.value)) return undefined
  return copied.value.every((detail) => kinds.text.holds(detail?.type)) ? copied.value : undefined
}

/**
 * Makes the answer's token the credential (A9 a), if there are one resource, and a channel that can return the details
 * inside the token, or the scopes where there are no details.
 */
function withCredential(
  { identity, policy, invocation }: PermittedCall,
  question: StoredQuestion,
  channel: ApprovalChannel,
  { servers, clock }: Runs,
): StoredQuestion | Refusal {
  const resources = policy.access
    .map(([, rule]) => rule)
    .filter((rule): rule is ResourceRule => rule.kind === 'resource')
  const [resource] = resources
  // The answer of this server is never a token that another server issues.
  const isOwn = resource !== undefined && resource.through === undefined
  const isServers = policy.rules.approval?.enforcedBy === 'server'
  if (identity.kind === 'user' && resources.length === 1 && isOwn) {
    const asked = channelQuestion({ id: '', tool: invocation.tool, by: { owner: ownerOf(identity) } }, question)
    const carries = channel.carriesCredential?.(asked, { authorizationServers: servers, clock })
    // A server that sees no details enforces none.
    if (question.details.length > 0 ? carries === true : carries === 'scopes' && !isServers) {
      return { ...question, credential: { resource: resource.resource, scopes: resource.scopes } }
    }
  }
  if (!isServers) return question
  return deny(
    'misconfigured',
    'approval.enforcedBy: this approver, channel or provider cannot carry details in a token',
  )
}

/** Returns the question of this call, if its approver may be asked now (A14). */
export async function buildApprovalRequest(
  call: PermittedCall,
  { binding, id }: { readonly binding: string; readonly id?: string },
  toTell: readonly Entry[],
  runs: Runs,
): Promise<StoredQuestion | Refusal> {
  const { identity, policy, invocation } = call
  const { approval } = policy.rules
  if (approval === undefined) return deny('misconfigured', 'policy has no approval')
  const question = draftQuestion(call, approval, toTell, runs)
  if ('status' in question) return question
  const asking = { owner: ownerOf(identity), tool: invocation.tool, binding, question, ...(id !== undefined && { id }) }
  const { closedUntil } = await afterNoes(runs.runStore, asking)
  return closedUntil === undefined ? question : closedRefusal(closedUntil, runs)
}

/** Refuses a call whose approver denied it, until they may be asked again. @param until - Epoch seconds. */
export function closedRefusal(until: number, { runStore }: Runs): Refusal {
  const retryAfter = Math.ceil(until - runStore.now())
  const detail = `this call or its tool was denied: ask again in ${retryAfter} s, or when the approver reopens it`
  return { ...deny('approval_denied', detail), retryAfter }
}
