import { verifies } from '@behalf/testing/requirements'
import { test } from 'vitest'
import type { UserIdentity } from '../../src/base/contract/index.ts'
import { draftDelegation } from '../../src/delegations/create-delegation.ts'
import type { PresentUser } from '../../src/identity/present-user.ts'
import type { RunStore } from '../../src/runs/run-store.ts'
import { takeAnswer } from '../../src/runs/take-answer.ts'

declare const runStore: RunStore
declare const identity: UserIdentity
declare const user: PresentUser
declare const answer: Parameters<typeof takeAnswer>[2]

test(verifies('I10', 'what only a person may do cannot be called without the fact that they are here (I10)'), () => {
  void takeAnswer(runStore, user, answer, () => true)
  // @ts-expect-error An identity is no person who is here.
  void takeAnswer(runStore, identity, answer, () => true)
  // @ts-expect-error Nor is an object that looks like the fact: one function makes it.
  void takeAnswer(runStore, { identity, checkedAt: 0, confirm: async () => {} }, answer, () => true)
  // @ts-expect-error Nor one that looks like the proof of a channel.
  void takeAnswer(runStore, { identity, checkedAt: 0, refuseRevoked: async () => {} }, answer, () => true)
  // @ts-expect-error Delegations are made for a person who is here.
  void draftDelegation({ identity, tools: ['pay'], expiresAt: 0 }, identity, {} as never)
})
