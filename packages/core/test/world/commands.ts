import type { Fault } from './faults.ts'
import type { IssuerFault } from './issuer.ts'
import type { PhoneLie } from './phones.ts'
import type { ProviderFault } from './provider.ts'
import type { ToolName } from './tools.ts'

/** What a body does. */
export const bodyPlans = [
  'returns',
  'throws before',
  'throws after',
  'is refused',
  'reads and throws',
  'hangs',
  'says no effect',
  'takes the raw token',
  'returns a date',
  'streams',
  'is given up',
  'is asked for more',
  'tells the token',
  'sends twice',
  'gets a new token',
  'is refused by send',
  'takes long',
  'takes long and throws',
  'returns a date long after',
  'writes inside',
  'writes inside and throws',
  'throws what was inside',
  'throws while it writes inside',
  'pays elsewhere and throws',
] as const
export type BodyPlan = (typeof bodyPlans)[number]

/** What is wrong with a call that an app has to refuse, from any caller. */
export const oddities = ['no policy', 'bad input', 'not verified'] as const

/** What a deploy may change. */
export const deployChanges = ['limit', 'approver', 'time limit', 'version', 'role', 'ceiling'] as const

/** The proof by which a person acts. `kept`: the session of theirs that the app kept last. */
export const proofs = ['login', 'old login', 'agent', 'mobile', 'job', 'kept'] as const
export type Proof = (typeof proofs)[number]

/** To what a user agrees, of a job. */
export const jobBounds = {
  'some tools': { tools: ['memo', 'note', 'pay'] },
  'one tool': { tools: ['note'] },
  'some scopes': { scopes: ['memo:do', 'entry:do'] },
} as const
export type JobBounds = keyof typeof jobBounds

interface Timed {
  /** How many operations happen before the next command. `settle`: until every call has ended, or hangs. */
  readonly pace: number | 'settle'
}

/** One step of a sequence. Plain data: a story prints it, a shrunk sequence leaves some out. */
export type Command = Timed &
  (
    | {
        readonly do: 'call'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly tool: ToolName
        readonly slot: string
        readonly amount: number
        readonly body: BodyPlan
        readonly status: number
        readonly preflight: boolean
        /** The caller aborts after so many seconds. */
        readonly patience?: number | undefined
        readonly odd?: (typeof oddities)[number] | undefined
      }
    /**
     * The same call under several slots at once, as a model makes equal calls in one step. `stopsAll`: where one fails,
     * the framework aborts the others.
     */
    | {
        readonly do: 'call together'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly tool: ToolName
        readonly slots: readonly string[]
        readonly amount: number
        readonly body: BodyPlan
        readonly status: number
        readonly stopsAll: boolean
      }
    /** A model that got no answer to a call makes it once more, under a new slot. */
    | {
        readonly do: 'repeat'
        readonly process: number
        readonly which: number
        readonly body: BodyPlan
        readonly patience?: number | undefined
      }
    | {
        readonly do: 'answer'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        /** The place of the question on their page, or the one that was asked last. */
        readonly which: number
        readonly answer: 'approve' | 'deny' | 'reopen'
        /** Answers the same question once more. */
        readonly twice: boolean
        /** Another person saw the page, and passed it on. */
        readonly leaked: boolean
      }
    | {
        readonly do: 'answer on the phone'
        readonly which: number
        readonly answer: 'approve' | 'deny'
        readonly lie: PhoneLie
      }
    | {
        readonly do: 'order'
        readonly process: number
        readonly who: string
        readonly amount: number
        /** Which of two approved tokens. */
        readonly token: number
        readonly key: string
        readonly gate: number
        readonly approved: boolean
        readonly status: number
      }
    /** A person links an account at the provider; "finishedBy": another one, in whose browser the way back ends. */
    | {
        readonly do: 'link'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly account: string
        readonly onlyToRead: boolean
        /** They choose it among their accounts, too. */
        readonly choose: boolean
        readonly finishedBy?: string | undefined
      }
    /** Of several accounts: by the user, in the pages of the app; or in what the app itself keeps, for their calls. */
    | {
        readonly do: 'choose an account'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly account: string
        readonly by: 'the user' | 'the app'
      }
    /** Without an account, the app itself forgets all of them. */
    | {
        readonly do: 'disconnect'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly account?: string | undefined
      }
    /** The app keeps a new login, or the oldest one that it has not kept. */
    | { readonly do: 'keep a session'; readonly process: number; readonly who: string; readonly isOld: boolean }
    | { readonly do: 'sign out'; readonly process: number; readonly who: string }
    | {
        readonly do: 'operate'
        readonly process: number
        readonly act: 'revoke the user' | 'revoke the session' | 'resolve' | 'cancel'
        readonly who: string
        readonly which: number
        readonly what: 'ran' | 'did_not_run'
      }
    | { readonly do: 'log in'; readonly who: string; readonly saysWhen: boolean }
    | { readonly do: 'refresh'; readonly who: string }
    | { readonly do: 'revoke'; readonly process: number; readonly who: string; readonly what: 'subject' | 'session' }
    | {
        readonly do: 'create a job'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly bounds: JobBounds
        /** It gets a login of its own, and so tokens. */
        readonly hasTokens: boolean
      }
    | { readonly do: 'end a job'; readonly process: number; readonly who: string; readonly ofAnybody: boolean }
    | {
        readonly do: 'resolve'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly which: number
        readonly what: 'ran' | 'did_not_run'
        readonly ofAnybody: boolean
      }
    | {
        readonly do: 'cancel'
        readonly process: number
        readonly who: string
        readonly which: number
        readonly ofAnybody: boolean
      }
    | {
        readonly do: 'deploy'
        readonly process: number
        readonly change: (typeof deployChanges)[number]
      }
    | { readonly do: 'pass'; readonly seconds: number }
    | { readonly do: 'kill'; readonly process: number }
    | { readonly do: 'stand still'; readonly process: number; readonly seconds: number }
    | { readonly do: 'set the clock'; readonly process: number; readonly seconds: number }
    | { readonly do: 'set the issuer’s clock'; readonly seconds: number }
    | { readonly do: 'rotate keys' }
    | { readonly do: 'rotate the app’s keys' }
    | { readonly do: 'watch'; readonly process: number }
    | {
        readonly do: 'break'
        readonly process: number
        readonly kind: 'store' | 'http' | 'app'
        readonly fault: Fault
        readonly after: number
      }
    | { readonly do: 'mislead'; readonly fault: IssuerFault | ProviderFault }
  )

/** A command by its name. */
export type CommandOf<Name extends Command['do']> = Extract<Command, { readonly do: Name }>

/** The one that a command chooses, counted from the newest. */
export const chosenFrom = <T>(from: readonly T[], which: number): T | undefined =>
  from.at(-1 - (which % Math.max(1, from.length)))

/** The question that was asked last. */
export const NEWEST = -1

/** The approver of the question that was asked last. */
export const WHOEVER_WAS_ASKED = 'the approver'
