import type { Command, CommandOf } from './commands.ts'

/** A command whose parts are not all drawn. */
export type Staged = {
  readonly [Name in Command['do']]: Partial<CommandOf<Name>> & { readonly do: Name }
}[Command['do']]

/** Operations after which a body runs, or waits. */
const UNTIL_IT_RUNS = 80

export const pass = (seconds: number): Staged => ({ do: 'pass', seconds })

const plainCall = { do: 'call', patience: undefined, preflight: false, odd: undefined, pace: 'settle' } as const

/** A call of which a person approved. */
export const approved = (process: number): readonly Staged[] => [
  { ...plainCall, process, body: 'returns' },
  pass(6),
  { do: 'answer', process, answer: 'approve', which: -1, leaked: false, pace: 'settle' },
  { do: 'answer on the phone', which: 0, answer: 'approve', lie: 'none' },
  pass(6),
]

/** The owner says that their run did not run. */
export const released: Staged = {
  ...{ do: 'resolve', process: 1, what: 'did_not_run', ofAnybody: false, which: 0, pace: 'settle' },
}
/** An operator says so. */
export const releasedForThem: Staged = { do: 'operate', process: 1, act: 'resolve', what: 'did_not_run', which: 0 }

/** The process of a body is taken for dead while it runs, and the run is released. Then it comes back. */
export const cameBack = (
  body: 'takes long' | 'takes long and throws',
  release: Staged,
  meanwhile: readonly Staged[],
  { status = 200, seconds = 700 } = {},
): readonly Staged[] => [
  { ...plainCall, process: 0, body, status, pace: UNTIL_IT_RUNS },
  { do: 'stand still', process: 0, seconds },
  pass(65),
  { ...plainCall, process: 1, body: 'returns' },
  release,
  ...meanwhile,
  pass(seconds),
]

const call: Staged = { ...plainCall, process: 1, body: 'returns' }
const asks: readonly Staged[] = [{ do: 'deploy', process: 1, change: 'version' }, call]
const cancels: Staged = { do: 'cancel', process: 1, ofAnybody: false, which: 0, pace: 'settle' }
/** A question that is not sent, and may be sent later. */
const fails = (isByPhone: boolean): readonly Staged[] => [
  { do: 'break', process: 1, kind: isByPhone ? 'http' : 'app', fault: 'outage', after: 0 },
  ...asks,
]

/** What may become of a released run before its runner comes back, by the state in which it finds it. */
export const meanwhile: Readonly<Record<string, (isByPhone: boolean) => readonly Staged[]>> = {
  approved: () => [],
  requested: fails,
  pending: () => asks,
  denied: (isByPhone) => [
    ...asks,
    pass(6),
    isByPhone
      ? { do: 'answer on the phone', answer: 'deny', which: 0, lie: 'none' }
      : { do: 'answer', process: 1, answer: 'deny', which: -1, leaked: false, pace: 'settle' },
    pass(6),
    call,
  ],
  expired: () => [pass(310), call],
  cancelled: () => [cancels],
  revoked: () => [{ do: 'revoke', process: 1, who: 'ann', what: 'subject', pace: 'settle' }],
  'cancelled, requested': (isByPhone) => [...fails(isByPhone), cancels],
}

/** The same, of a question that is refused because its person has no device. */
export const failed: readonly Staged[] = [{ do: 'mislead', fault: 'no device' }, ...asks]
