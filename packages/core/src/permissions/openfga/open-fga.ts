import type { FgaObject } from '../../base/contract/index.ts'
import { ConfigurationError, InvalidObjectError, TransportError } from '../../base/errors/index.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import type { AccessCheck, AccessChecker, AccessDecision, AccessQuestion, RelationshipTuple } from './access-checker.ts'
import { CheckQueue } from './check-queue.ts'
import { isObjectName, MAX_USER_BYTES } from './object.ts'
import { checkTuples, keyOf, type NotedQuestion, questionsFor, type Subjects, textOf } from './question.ts'
import type { Verdict } from './read-answer.ts'
import { type OpenFgaOptions, type OpenFgaSettings, readOptions } from './read-options.ts'

/**
 * Checker that `openFga` returns. It decides about lists in one request, and explains its answers if it has an
 * explainer.
 */
export type OpenFga = AccessChecker & Required<Pick<AccessChecker, 'checkEach'>>

/**
 * Asks an OpenFGA server three questions in one request: whether the user is allowed, whether the agent is allowed, and
 * whether the agent acts for the user. All three are required.
 *
 * Only a literal `allowed: true` allows. An answer that is missing, malformed, redirected, duplicated or from another
 * model denies, and the decision says so. No answer at all throws, so an outage does not look like a refusal. A server
 * that does not know store, model or credentials throws a `ConfigurationError`, so a wrong set-up does not look like
 * one either. Questions of one turn of the event loop share requests, at most 50 each, and identical ones are asked
 * once. Answers are not kept unless `cacheSeconds` says so.
 *
 * @param options - An address (`https:`, or `http:` to loopback), or your own `OpenFgaClient` of `@openfga/sdk`.
 * @throws ConfigurationError An option is missing or wrong; nothing was sent.
 * @see {@link https://openfga.dev/api/service#/Relationship%20Queries/BatchCheck | OpenFGA BatchCheck}
 */
export function openFga(options: OpenFgaOptions): OpenFga {
  const settings = readOptions(options)
  const queue = new CheckQueue(settings.backend, {
    clock: settings.clock,
    stampsTime: true,
    cacheSeconds: settings.cacheSeconds,
  })
  const decide = (asked: AccessQuestion) => decideAll(settings, queue, asked)
  return Object.freeze({
    ...(options.userOf === undefined && { singleIssuer: true as const }),
    check: decide,
    checkEach: (asked: AccessQuestion) => decideEach(settings, queue, asked),
    ...(settings.explainer !== undefined && { explain: decide }),
  })
}

/** Returns one decision that needs all permissions. */
async function decideAll(settings: OpenFgaSettings, queue: CheckQueue, asked: AccessQuestion): Promise<AccessDecision> {
  if (asked.permissions.length === 0) {
    throw new ConfigurationError('permission', 'return at least one permission: none at all would allow everything')
  }
  const subjects = subjectsOf(settings, asked)
  if (subjects === undefined) return nobodyToAsk(asked.permissions)
  const questions = questionsFor(subjects, asked.permissions, settings.relations, tuplesOf(settings, asked))
  const verdicts = await askAll(settings, queue, questions, asked)
  return explained(settings, questions, decisionOf(questions, verdicts))
}

/** Returns one decision for each permission. A question that several of them need is asked once. */
async function decideEach(
  settings: OpenFgaSettings,
  queue: CheckQueue,
  asked: AccessQuestion,
): Promise<readonly AccessDecision[]> {
  const subjects = subjectsOf(settings, asked)
  if (subjects === undefined) return asked.permissions.map((permission) => nobodyToAsk([permission]))
  const tuples = tuplesOf(settings, asked)
  const each = asked.permissions.map((permission) => questionsFor(subjects, [permission], settings.relations, tuples))
  const all = new Map(each.flat().map((question) => [keyOf(question), question]))
  const verdicts = await askAll(settings, queue, [...all.values()], asked)
  const byKey = new Map([...all.keys()].map((key, index) => [key, verdicts[index]]))
  return each.map((questions) =>
    decisionOf(
      questions,
      questions.map((question) => byKey.get(keyOf(question))),
    ),
  )
}

function askAll(
  settings: OpenFgaSettings,
  queue: CheckQueue,
  questions: readonly NotedQuestion[],
  { effect, signal }: AccessQuestion,
): Promise<readonly Verdict[]> {
  // A call with side effects must not use a right that was just revoked.
  const consistency = settings.consistency ?? (effect === 'write' ? 'higherConsistency' : 'minimizeLatency')
  return withinDeadline({ timeoutMs: settings.timeoutMs, signal }, (either) =>
    queue.ask(questions, consistency, either),
  )
}

function tuplesOf(settings: OpenFgaSettings, { identity }: AccessQuestion): readonly RelationshipTuple[] {
  return checkTuples('contextualTuples', settings.contextualTuples(identity))
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

function agentOf({ agent }: AccessQuestion): FgaObject {
  if (isObjectName(agent)) return agent
  throw new ConfigurationError('agent.name', "call the agent as the model does, such as 'agent:trader'")
}

function nobodyToAsk(permissions: AccessQuestion['permissions']): AccessDecision {
  const checks = permissions.map(
    ({ relation, object }): AccessCheck => ({
      question: `(no user) ${relation} ${object}`,
      allowed: false,
      problem: "the policy says subjects: 'user', and the agent acts for no user",
    }),
  )
  return { allowed: false, checks }
}

function decisionOf(questions: readonly NotedQuestion[], verdicts: readonly (Verdict | undefined)[]): AccessDecision {
  const checks = questions.map((question, index): AccessCheck => {
    const verdict = verdicts[index] ?? { kind: 'denied', problem: 'the answer leaves this out' }
    return { question: textOf(question), allowed: verdict.kind === 'allowed', problem: verdict.problem }
  })
  // One denial is enough, even if other questions have no answer.
  if (!verdicts.some((verdict) => verdict?.kind === 'denied')) {
    const fault = verdicts.find((verdict) => verdict?.kind === 'fault')
    if (fault !== undefined) throw new TransportError(`OpenFGA: ${fault.problem}`)
  }
  // Stryker disable next-line ConditionalExpression,EqualityOperator: There is at least one question: a decision without permissions was refused before, and each permission of a list has its own question.
  return { allowed: checks.length > 0 && checks.every((check) => check.allowed), checks }
}

/** Adds the reasons. They decide nothing: a fault of the explainer is reported, and changes no answer. */
async function explained(
  { explainer, clock, timeoutMs }: OpenFgaSettings,
  questions: readonly NotedQuestion[],
  decision: AccessDecision,
): Promise<AccessDecision> {
  if (explainer === undefined) return decision
  const now = new Date(clock.now()).toISOString()
  const checks = decision.checks.map(async (check, index): Promise<AccessCheck> => {
    const { user, relation, object, context, contextualTuples = [] } = questions[index] as NotedQuestion
    try {
      const asked = { user, relation, object, context: { ...context, now }, contextualTuples }
      const explanation = await withinDeadline({ timeoutMs }, () => explainer.explain(asked))
      return { ...check, explanation }
    } catch (error) {
      const reason = `no explanation: ${error instanceof Error ? error.message : typeof error}`
      const explanation = { step: 'relation', subject: check.question, verdict: 'error', reason, children: [] } as const
      return { ...check, explanation }
    }
  })
  return { ...decision, checks: await Promise.all(checks) }
}
