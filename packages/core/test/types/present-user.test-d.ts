import { verifies } from '@behalf/testing/requirements'
import { test } from 'vitest'
import type { Ledger } from '../../src/approvals/index.ts'
import type { UserIdentity } from '../../src/contract/index.ts'
import { draftDelegation } from '../../src/delegations/create-delegation.ts'
import { answerInApp } from '../../src/http/answer-in-app.ts'
import type { PresentUser } from '../../src/identity/index.ts'

declare const ledger: Ledger
declare const identity: UserIdentity
declare const user: PresentUser

test(verifies('I10', 'what only a person may do cannot be called without the fact that they are here (I10)'), () => {
  void answerInApp(ledger, 'id', 'approve', 'token', user)
  // @ts-expect-error An identity is no person who is here.
  void answerInApp(ledger, 'id', 'approve', 'token', identity)
  // @ts-expect-error Nor is an object that looks like the fact: one function makes it.
  void answerInApp(ledger, 'id', 'approve', 'token', { identity, checkedAt: 0, confirm: async () => {} })
  // @ts-expect-error Delegations are made for a person who is here.
  void draftDelegation({ identity, tools: ['pay'], expiresAt: 0 }, identity, {} as never)
})
