import { withinDeadline } from '../authorization-server/within-deadline.ts'
import type { FgaObject } from '../contract/index.ts'
import { revealToken } from '../credential/token.ts'
import { ConfigurationError, InvalidObjectError, TransportError } from '../errors/index.ts'
import type { AccessCheck, AccessChecker, AccessDecision, AccessQuestion } from './access-checker.ts'
import { askServer, type ServerRequest } from './ask-server.ts'
import { isObjectName, MAX_USER_BYTES } from './object.ts'
import { type Question, questionsFor, type Subjects, textOf } from './question.ts'
import { readBatch, readCheck, type Verdict } from './read-answer.ts'
import { type OpenFgaOptions, type OpenFgaSettings, readOptions } from './read-options.ts'
import { batchRequest, checkRequest, type Pinned } from './wire.ts'

/** The server's own limit. */
const MAX_BATCH = 50

/**
 * Asks an OpenFGA server whether the user may, the agent may, and the agent acts for the user: all three
 * at once, all three required.
 *
 * Only a literal `allowed: true` allows. An answer that is missing, malformed, redirected, given twice
 * or given by another model denies, and the decision says so; no answer at all throws, so that an
 * outage is not told as a refusal. Answers are not kept.
 *
 * @param options.apiUrl - `https:`, or `http:` to loopback.
 * @param options.timeoutMs - All of it, retries included, milliseconds. @default 5_000
 * @throws ConfigurationError An option is missing or wrong; nothing was sent.
 * @see {@link https://openfga.dev/api/service#/Relationship%20Queries/BatchCheck | OpenFGA BatchCheck}
 */
export function openFga(options: OpenFgaOptions): AccessChecker {
  const settings = readOptions(options)
  return Object.freeze({
    ...(options.userOf === undefined && { singleIssuer: true as const }),
    check: (asked: AccessQuestion) => decide(settings, asked),
  })
}

async function decide(settings: OpenFgaSettings, asked: AccessQuestion): Promise<AccessDecision> {
  if (asked.permissions.length === 0) {
    throw new ConfigurationError('permission', 'return at least one permission: none at all would allow everything')
  }
  const subjects = subjectsOf(settings, asked)
  if (subjects === undefined) return nobodyToAsk(asked)
  const now = new Date(settings.clock.now()).toISOString()
  const questions = questionsFor(subjects, asked.permissions, settings.relations, now)
  const pinned: Pinned = {
    authorizationModelId: settings.authorizationModelId,
    // A right that was just taken away must not be used by a call with side effects.
    consistency: settings.consistency ?? (asked.effect === 'write' ? 'higherConsistency' : 'minimizeLatency'),
  }
  const { signal } = asked
  const verdicts = await withinDeadline({ timeoutMs: settings.timeoutMs, signal }, (either) =>
    askAll(settings, questions, pinned, either),
  )
  return decisionOf(questions, verdicts)
}

function subjectsOf(settings: OpenFgaSettings, asked: AccessQuestion): Subjects | undefined {
  const { identity } = asked
  if (identity.kind !== 'user') {
    return asked.subjects === 'user' ? undefined : { kind: 'agent', agent: agentOf(asked) }
  }
  const user: unknown = settings.userOf(identity)
  if (!isObjectName(user, MAX_USER_BYTES)) {
    throw new InvalidObjectError('userOf returned something that is not an object name: use object(type, id)')
  }
  return asked.subjects === 'user' ? { kind: 'user', user } : { kind: 'user-and-agent', user, agent: agentOf(asked) }
}

function agentOf(asked: AccessQuestion): FgaObject {
  if (isObjectName(asked.agent)) return asked.agent
  throw new ConfigurationError('agent.name', 'write it as an OpenFGA object, such as agent:trader')
}

/** The policy asks for the user's right alone, and there is no user. */
function nobodyToAsk(asked: AccessQuestion): AccessDecision {
  const checks = asked.permissions.map(
    ({ relation, object }): AccessCheck => ({
      question: `(no user) ${relation} ${object}`,
      allowed: false,
      problem: "the policy says subjects: 'user', and the agent acts for no user",
    }),
  )
  return { allowed: false, checks }
}

async function askAll(
  settings: OpenFgaSettings,
  questions: readonly Question[],
  pinned: Pinned,
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  const rest = new AbortController()
  const batches: Promise<readonly Verdict[]>[] = []
  for (let start = 0; start < questions.length; start += MAX_BATCH) {
    const batch = questions.slice(start, start + MAX_BATCH)
    batches.push(ask(settings, batch, pinned, AbortSignal.any([signal, rest.signal])))
  }
  try {
    return (await Promise.all(batches)).flat()
  } finally {
    // After a fault in one, nobody waits for the others.
    rest.abort()
  }
}

async function ask(
  settings: OpenFgaSettings,
  questions: readonly Question[],
  pinned: Pinned,
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  const [only, ...others] = questions
  if (only !== undefined && others.length === 0) {
    const answer = await askServer(settings, requestOf(settings, 'check', checkRequest(only, pinned)), signal)
    return [readCheck(answer, pinned.authorizationModelId)]
  }
  // Random, so that an answer to somebody else's batch, from a confused proxy, fits no question of ours.
  const batch = crypto.randomUUID().slice(0, 18)
  const byId = new Map(questions.map((question, index) => [`${batch}-${index}`, question]))
  const answer = await askServer(settings, requestOf(settings, 'batch-check', batchRequest(byId, pinned)), signal)
  return readBatch(answer, pinned.authorizationModelId, [...byId.keys()])
}

function requestOf(settings: OpenFgaSettings, endpoint: 'check' | 'batch-check', body: string): ServerRequest {
  return {
    url: `${settings.storeUrl}/${endpoint}`,
    body,
    headers: settings.token === undefined ? {} : { authorization: `Bearer ${revealToken(settings.token)}` },
  }
}

function decisionOf(questions: readonly Question[], verdicts: readonly Verdict[]): AccessDecision {
  const checks = questions.map((question, index): AccessCheck => {
    const verdict = verdicts[index] ?? { kind: 'denied', problem: 'the answer leaves this out' }
    const check = { question: textOf(question), allowed: verdict.kind === 'allowed' }
    return 'problem' in verdict && verdict.problem !== undefined ? { ...check, problem: verdict.problem } : check
  })
  // One no is enough to deny, whatever else could not be found out.
  if (!verdicts.some((verdict) => verdict.kind === 'denied')) {
    const fault = verdicts.find((verdict) => verdict.kind === 'fault')
    if (fault !== undefined) throw new TransportError(`OpenFGA: ${fault.problem}`)
  }
  return { allowed: checks.length > 0 && checks.every((check) => check.allowed), checks }
}
