import { describe, expect, test } from 'vitest'
import type { Happening } from './events.ts'
import {
  ann,
  answered,
  asked,
  began,
  big,
  broken,
  called,
  carol,
  ended,
  rules,
  START,
  sent,
  type Timed,
  told,
} from './histories.ts'

const FILES = 'https://files.example'
const linked: Happening = {
  ...{ kind: 'linked', grant: 'consent 1', account: 'home', by: ann, begunBy: 'ann', calledAt: START + 1 },
}
const opens = (call: number): Happening =>
  called(call, { rules: { ...rules, audience: FILES, writes: false, limit: undefined } })
const cancelled: Happening = { kind: 'cancelled', question: 'q', calledAt: START + 6 }
const accountRules = { ...rules, audience: FILES, account: 'chosen by the user' as const, retries: true }
const uploads = (call: number, over: object = {}): Happening =>
  called(call, { tool: 'upload', amount: 500, rules: accountRules, ...over })
const named = (call: number, account: string): Happening => ({ kind: 'account named', call, account })
const askedFor = (account?: string): Happening => ({
  ...asked,
  text: { ...asked.text, tool: 'upload', ...(account !== undefined && { account }) },
})
const bearerOf = (grant: string) => ({ subject: 'ann', audience: FILES, grant })
const sentWith = (call: number, grant: string, over: object = {}): Happening => ({
  ...sent(call, { audience: FILES, scopes: ['pay:do'], grant }),
  ...over,
})
const chosen = (at: number, account: string): Timed => [
  at,
  { kind: 'account chosen', isSure: true, account, by: ann, calledAt: START + at - 1 },
]
const twoAccounts: readonly Timed[] = [
  [2, linked],
  [3, { ...linked, grant: 'consent 2', account: 'work', calledAt: START + 2 }],
]
const job = { ...ann, kind: 'job j', job: 'j' }
const jobCreated = (over: object): Timed => [0, { kind: 'job created', job: 'j', by: ann, calledAt: START, ...over }]

describe('the model says which histories of several accounts, jobs and people are justified', () => {
  test.each<readonly [string, readonly Timed[]]>([
    [
      'a call that goes with the account that the person was asked about, whatever is chosen later',
      [
        ...twoAccounts,
        chosen(5, 'home'),
        [30, uploads(1)],
        [31, askedFor()],
        [35, answered('yes')],
        [36, uploads(2)],
        [37, began(2, 'k', '500')],
        chosen(38, 'work'),
        [39, sentWith(2, 'consent 1')],
      ],
    ],
    [
      'a call that goes with an account that its user may have chosen before its question, or after',
      [
        ...twoAccounts,
        chosen(5, 'home'),
        [29, { kind: 'account chosen', isSure: false, account: 'work', by: ann, calledAt: START + 29 }],
        [30, uploads(1)],
        [31, askedFor()],
        [35, answered('yes')],
        [36, uploads(2)],
        [37, began(2, 'k', '500')],
        [39, sentWith(2, 'consent 2')],
      ],
    ],
    [
      'another question, for another account that the app names, and a call for it',
      [
        ...twoAccounts,
        [31, askedFor('home')],
        [33, askedFor('work')],
        [35, answered('yes')],
        [36, uploads(2, { rules: { ...accountRules, account: 'named by the app' } })],
        [36, named(2, 'work')],
        [37, began(2, 'k', '500')],
        [39, sentWith(2, 'consent 2')],
      ],
    ],
    [
      'a job that does what its user agreed to',
      [
        jobCreated({ tools: ['pay'], scopes: ['pay:small'] }),
        [1, called(1, { caller: job })],
        [2, began(1)],
        [3, sent(1)],
      ],
    ],
    [
      'a result that another slot is told, which came before the run began',
      [
        [0, called(1)],
        [0, called(2, { slot: 'two' })],
        [1, began(1)],
        [3, ended(1, 'returned')],
        [4, told(2, '1')],
      ],
    ],
  ])('%s', (_, history) => expect(broken(history)).toEqual([]))

  test.each<readonly [string, string, readonly Timed[]]>([
    [
      'sameAccount',
      'by a write with another account than the user had chosen when the person was asked',
      [
        ...twoAccounts,
        chosen(5, 'home'),
        [30, uploads(1)],
        [31, askedFor()],
        [35, answered('yes')],
        chosen(36, 'work'),
        [37, uploads(2)],
        [38, began(2, 'k', '500')],
        [39, sentWith(2, 'consent 2')],
      ],
    ],
    [
      'approved',
      'by a write for an account that the app names, where the person was asked about another one',
      [
        ...twoAccounts,
        [31, askedFor('home')],
        [35, answered('yes')],
        [37, uploads(2)],
        [37, named(2, 'work')],
        [38, began(2, 'k', '500')],
      ],
    ],
    [
      'sameAccount',
      'by a token of another account than the app named',
      [
        ...twoAccounts,
        [37, uploads(2, { amount: 50 })],
        [37, named(2, 'work')],
        [38, began(2)],
        [39, sentWith(2, 'consent 1', { bearer: { ...bearerOf('consent 1'), scopes: ['pay:small'] } })],
      ],
    ],
    [
      'sameAccount',
      'by a body that changes its account',
      [...twoAccounts, [37, opens(1)], [38, began(1)], [39, sentWith(1, 'consent 1')], [40, sentWith(1, 'consent 2')]],
    ],
    [
      'sameAccount',
      'by a second try with another account',
      [
        ...twoAccounts,
        [37, uploads(2, { amount: 50 })],
        [38, began(2)],
        [39, sentWith(2, 'consent 1', { bearer: { ...bearerOf('consent 1'), scopes: ['pay:small'] } })],
        [40, ended(2, 'threw')],
        [41, uploads(3, { amount: 50 })],
        [42, began(3)],
        [43, sentWith(3, 'consent 2', { bearer: { ...bearerOf('consent 2'), scopes: ['pay:small'] } })],
      ],
    ],
    [
      'refused',
      'by a job whose user did not agree to the tool',
      [jobCreated({ tools: ['note'] }), [1, called(1, { caller: job })], [2, began(1)]],
    ],
    [
      'rightToken',
      'by a job whose user did not agree to the scope',
      [jobCreated({ scopes: ['note:do'] }), [1, called(1, { caller: job })], [2, began(1)], [3, sent(1)]],
    ],
    [
      'rightToken',
      'by a token that says another amount than was approved',
      [
        [1, asked],
        [5, answered('yes')],
        [6, called(1, { ...big, rules: { ...rules, detailed: true } })],
        [7, began(1, 'k', '500')],
        [8, sent(1, { scopes: ['pay:do'], details: [{ amount: 5000 }] })],
      ],
    ],
    [
      'onlyThePerson',
      'by a job that another user ends',
      [jobCreated({}), [1, { kind: 'job ended', job: 'j', by: carol }]],
    ],
    [
      'onlyThePerson',
      'by a question that another user cancels',
      [
        [1, asked],
        [2, { ...cancelled, by: carol }],
      ],
    ],
    [
      'sameResult',
      'by a slot that came when the run of another one had begun',
      [
        [0, called(1)],
        [1, began(1)],
        [2, called(2, { slot: 'two' })],
        [3, ended(1, 'returned')],
        [4, told(2, '1')],
      ],
    ],
    [
      'notRevoked',
      'by a person of a tenant, whose name was revoked in all of them',
      [
        [1, { kind: 'revoked', subject: 'ann' }],
        [2, called(1, { caller: { ...ann, subject: 'ann@blue' } })],
        [3, began(1)],
      ],
    ],
  ])('%s is broken %s', (promise, _, history) => expect(broken(history)).toEqual([promise]))
})
