/**
 * The promises of the SDK, as an observer of the app can check them. The model sees only what happened, shares no code
 * with the SDK, and asks one question: is this event justified?
 *
 * The promises, each a function of a judge in `judges`:
 *
 * 1. `sameCallSameKey`: a slot and its raw input have one idempotency key and one input, whatever is deployed, restarted
 *    or random; and one key serves one principal, tool and input.
 * 2. `notAgain`: a body that may have had an effect does not begin again under its key, unless someone who may say so
 *    said that it did not run, or the app asked for such retries. If its owner said so, and another person had approved
 *    it, that person is asked again first, and told of the doubt. No body begins more than three times, whatever is said.
 *    A body that threw may have had an effect, unless it threw `HadNoEffect`; or unless the app says that it writes only
 *    by its credentials, and none of them did. A guarded write inside counts for each call around it.
 * 3. `notBesideDoubt`: while an equal call of the same kind of caller is running, or one of any kind is in doubt, no other
 *    one begins, unless a person was asked after the doubt, was told of it, and said yes.
 * 4. `approved`: where the rules of the call need an approval, the approver whom they name said yes to this text, in time,
 *    for this kind of caller; the yes serves one call; and the approver was not revoked after it.
 * 5. `notRevoked`: a proof that was revoked begins nothing and makes nothing: no body, job, answer, or resolution.
 * 6. `onlyThePerson`: only a person who is here answers, creates jobs and resolves; only the approver who was asked
 *    answers, and only the owner resolves.
 * 7. `rightToken`: each request carries a token of the caller's user, with the agent that acts for them and no other, for
 *    this API, with no more scopes than the rules of this call allow.
 * 8. `sameResult`: a call that did not run its body is told the result of the run with its key, that it is told of a run
 *    before, and only its own kind of caller is. A result that no caller heard is told to the next equal call under another
 *    slot, within an hour: no body begins for that call. No slot that comes after one has heard it is told, and a caller
 *    that had left gets none, also where its framework waits for it. A call within a read is not heard if the read is not,
 *    or throws.
 * 9. `notWornDown`: after a no, an equal call is asked once more after 60 s; after a second no, not for ten minutes; after
 *    three noes to one tool, nothing of that tool is, for ten minutes. An owner whose approver left five sends without an
 *    answer pauses.
 * 10. `noSecret`: no outcome, error, fault or audit event holds a token.
 * 11. `notForEver`: when all is well again, a justified call runs, and every earlier one gets a definite answer, also
 *     where equal ones are made at once.
 * 12. `orderOnce`: at an API of the app, an order runs once under its key, and an approval serves one order, unless the API
 *    refused that one.
 * 13. `refused`: a call that the app must refuse does not begin: without a policy, with a wrong input, of an unverified
 *     identity, of a user without the role, or with scopes above the agent's ceiling.
 * 14. `sessionEnds`: a kept session serves the person who logged in, until it is ended or revoked.
 * 15. `sentOnce`: a refresh token that is good for one use is never sent again after its server has answered it.
 * 16. `ownAccount`: only the person who agreed at the provider links and disconnects an account. Once it is disconnected,
 *     no request carries its token: at once where this was done, and after some seconds in other processes.
 * 17. `withdrawn`: a question that was cancelled serves no call, also where it is answered with a yes.
 * 18. `onTheRecord`: what an operator does was written first, under the operator's name.
 * 19. `sameAccount`: a body gets the token of the account that the person was asked about, or that the app named, and
 *     keeps it. A call that is tried again while it is in doubt has the account of its first try.
 * 20. `waits`: while nothing fails, no call is told to come back because an equal one runs for a moment, and no preflight
 *     is refused for it.
 *
 * What the model cannot judge, and tests of the rooms do:
 *
 * - For whom a token was made that comes in. Every person of this world presents a token of the app's own issuer, for the
 *   app. So it does not see whether the audience, the issuer or the signature of such a token is checked.
 * - Redaction beyond whole tokens. It knows the tokens that its servers issued, and looks for these texts. It does not
 *   see a part of a token, one in another encoding, a client secret, or what a real logger or a stack of a runtime prints.
 * - What a body does by ways that the SDK does not see, unless the world tells of it.
 * - Texts for people and models: of a question it reads who, what and how much, and whether there is a warning before it.
 */
import type { WorldEvent } from './events.ts'
import { Credentials } from './judges/credentials.ts'
import { nameOf, type Of, type Unjustified } from './judges/facts.ts'
import { Overlap } from './judges/overlap.ts'
import { Parts } from './judges/parts.ts'
import { Questions } from './judges/questions.ts'
import { Runs } from './judges/runs.ts'
import { Seen } from './judges/seen.ts'

/** How long a process may not know of a revocation, where nothing durable is at stake. Seconds. */
const REVOCATION_SECONDS = 5
/** Time from the last look at what was revoked until a body begins. Seconds. */
const CLAIM_SECONDS = 0.2

export class Model {
  readonly #seen = new Seen()
  readonly #runs = new Runs(this.#seen)
  readonly #overlap = new Overlap(this.#seen, this.#runs)
  readonly #questions = new Questions(this.#seen)
  readonly #credentials = new Credentials(this.#seen, this.#runs, this.#questions)
  readonly #parts = new Parts(this.#seen)
  readonly unjustified: Unjustified[] = this.#seen.unjustified

  observe(event: WorldEvent): void {
    const seen = this.#seen
    switch (event.kind) {
      case 'called':
        seen.calls.set(event.call, event)
        return
      case 'account named':
        seen.named.set(event.call, event.account)
        return
      case 'left':
        this.#runs.left(event)
        return
      case 'began':
        this.#began(event)
        return
      case 'sent':
        this.#credentials.sent(event)
        return
      case 'took the raw token':
        this.#runs.mayHaveActed(event.call)
        return
      case 'acted unseen':
        this.#runs.actedUnseen(event.call)
        return
      case 'body ended':
        this.#runs.bodyEnded(event)
        return
      case 'outcome':
        seen.noSecret('an outcome', event.words)
        this.#overlap.ended(event)
        this.#runs.ended(event)
        this.#runs.notAskedInVain(seen.callOf(event.call), event)
        seen.ended.set(event.call, event)
        return
      case 'asked':
        this.#questions.asksSomebody(event)
        return
      case 'answered':
        this.#questions.answered(event)
        return
      case 'revoked':
        seen.revocations.push(event)
        return
      case 'job created':
        seen.jobs.set(event.job, event)
        seen.onlyThePerson(event.by, `creates the job ${event.job}`)
        seen.notRevoked(event.by, event.calledAt, `creates the job ${event.job}`)
        return
      case 'job ended':
        seen.revocations.push({ at: event.at, job: event.job })
        seen.isTheirs(event.by, seen.jobs.get(event.job)?.by.subject, 'ends a job')
        return
      case 'resolved':
        this.#runs.resolved(event)
        return
      case 'cancelled':
        this.#questions.cancelled(event)
        return
      case 'operator acted':
        this.#parts.onTheRecord(event)
        return
      case 'session kept':
        seen.notRevoked(event.by, event.calledAt, `keeps the session ${event.kept}`)
        return
      case 'session served':
        this.#parts.sessionServes(event)
        return
      case 'session ended':
        this.#parts.sessionEnded(event)
        return
      case 'refresh token used':
        this.#parts.sentOnce(event)
        return
      case 'linked':
        this.#credentials.linked(event)
        return
      case 'account chosen':
        this.#credentials.wasChosen(event)
        return
      case 'disconnected':
        this.#credentials.wasDisconnected(event)
        return
      case 'order ran':
        this.#parts.orderOnce(event)
        return
      case 'order ended':
        this.#parts.orderEnded(event)
        return
      case 'died':
      case 'stood still':
        this.#runs.died(event)
        return
      case 'clocks':
        seen.clockError = Math.max(seen.clockError, event.error)
        return
      case 'was slow':
        seen.wasSlow(event)
        return
      case 'trouble':
        seen.troubled(event)
        return
      case 'must run':
      case 'must end':
        this.#notForEver(event)
        return
      case 'written':
        seen.noSecret('what an operator reads', event.words)
        this.#parts.written(event)
        return
      case 'token issued':
        seen.issued(event.token)
        return
      default:
        event satisfies never
    }
  }

  // The body of a tool began.

  #began(event: Of<'began'>): void {
    const seen = this.#seen
    const call = seen.callOf(event.call)
    const start = this.#runs.began(call, event)
    // Promise 13.
    if (call.refused !== undefined) seen.refuse('refused', `${nameOf(call)} begins, and ${call.refused}`)
    if (seen.jobs.get(call.caller.job ?? '')?.tools?.includes(call.tool) === false)
      seen.refuse('refused', `${nameOf(call)} begins in a job that may not call ${call.tool}`)
    // A write reads what was revoked right before it starts; a read may not know of it for some seconds.
    const lastLook = event.at - CLAIM_SECONDS - seen.slowUntil(call, event.at)
    const [decidedAt, unknown] = call.rules.writes ? [lastLook, 0] : [call.at, REVOCATION_SECONDS]
    seen.notRevoked(call.caller, decidedAt, `runs ${nameOf(call)}`, unknown)
    if (!call.rules.writes) return
    const run = this.#runs.sameCallSameKey(call, event)
    const yes = this.#questions.yesFor(call, run, event.at, this.#runs.objectionTo(call, run, event.at))
    this.#runs.notAgain(call, run, yes)
    this.#runs.notBesideDoubt(call, run, event, yes)
    this.#overlap.toldInstead(call, run, event, yes)
    this.#questions.approved(call, run, event, yes)
    run.starts.push(start)
  }

  /** Promise 11. */
  #notForEver({ kind, status, why }: Of<'must run'> | Of<'must end'>): void {
    const good = kind === 'must run' ? ['done'] : ['done', 'denied', 'interrupted']
    if (good.includes(status)) return
    this.#seen.refuse('notForEver', `all is well, and a call still ends as ${status}: ${why}`)
  }
}
