import type { Caller, Happening, Rules } from './events.ts'
import { Model } from './model.ts'

export const START = 1_800_000_000

export const ann: Caller = { subject: 'ann', kind: 'user', client: 'agent', session: 's1', provenAt: START }
export const carol: Caller = { ...ann, subject: 'carol', session: 's2' }
export const rules: Rules = {
  version: '1',
  limit: 100,
  approver: 'carol',
  lifetime: 600,
  useWithin: 300,
  perCall: false,
  retries: false,
  writes: true,
  writesOnlyByAccess: true,
  detailed: false,
  audience: 'https://api.example',
  scopes: ['pay:do'],
  exemptScopes: ['pay:small'],
}
const text = { owner: 'ann', kind: 'user by agent', tool: 'pay', amount: 500, version: '1' }

export type Timed = readonly [at: number, happening: Happening]

export const called = (call: number, over: object = {}): Happening =>
  ({
    ...{ kind: 'called', call, process: 'p1', caller: ann, tool: 'pay', slot: 'one', amount: 50, rules },
    ...over,
  }) as Happening
export const began = (call: number, key = 'k', input = '50'): Happening => ({ kind: 'began', call, input, key })
const bearer = { subject: 'ann', audience: 'https://api.example', scopes: ['pay:small'] }
export const sent = (call: number, over: object = {}, status = 200): Happening => ({
  ...{ kind: 'sent', call, method: 'POST', status },
  bearer: { ...bearer, ...over },
})
export const ended = (
  call: number,
  how: Extract<Happening, { kind: 'body ended' }>['how'],
  result = '1',
): Happening => ({
  ...{ kind: 'body ended', call, how },
  ...(how === 'returned' && { result }),
})
export const done = (call: number, result: string): Happening => ({
  kind: 'outcome',
  call,
  status: 'done',
  result,
  words: result,
})
/** The result of a run before. */
export const told = (call: number, result: string): Happening =>
  ({ ...done(call, result), isReplay: true }) as Happening
export const asked: Extract<Happening, { readonly kind: 'asked' }> = {
  kind: 'asked',
  question: 'q',
  approver: 'carol',
  text,
}
export const answered = (answer: 'yes' | 'no', over: object = {}): Happening => ({
  ...{ kind: 'answered', isSure: true, question: 'q', by: carol, answer, calledAt: START + 5 },
  ...over,
})
export const big = { amount: 500 }

export const unproven = { ...rules, writesOnlyByAccess: false }
export const bigBegan = (call: number, key = 'k'): Happening => began(call, key, '500')
export const left = (call: number): Happening => ({ kind: 'left', call })
export const ending = (call: number, status: string, code?: string): Happening => ({
  ...{ kind: 'outcome', call, status, words: '' },
  ...(code !== undefined && { code }),
})
export const releasedAt = (at: number, over: object = {}): Timed => [
  at,
  {
    kind: 'resolved',
    isSure: true,
    key: 'k',
    what: 'did not run',
    by: ann,
    calledAt: START + at - 0.5,
    ...over,
  } as Happening,
]
export const unheard = (call: number): Happening => ({ ...ending(call, 'threw'), isUnheard: true }) as Happening
/** A person said yes, and the body of the call threw after it had written. */
export const inDoubt = (over: object = {}): readonly Timed[] => [
  [0, called(1, { ...big, ...over })],
  [1, asked],
  [5, answered('yes')],
  [6, called(2, { ...big, ...over })],
  [7, bigBegan(2)],
  [8, sent(2, { scopes: ['pay:do'] })],
  [9, ended(2, 'threw')],
]
/** A caller left before the result was there. */
export const undelivered: readonly Timed[] = [
  [0, called(1)],
  [1, began(1)],
  [3, left(1)],
  [8, ended(1, 'returned')],
  [8.1, unheard(1)],
]

/** The promises that a history breaks. */
export function broken(history: readonly Timed[]): readonly string[] {
  const model = new Model()
  for (const [at, happening] of history) model.observe({ at: START + at, ...happening })
  return [...new Set(model.unjustified.map(({ promise }) => promise))]
}
