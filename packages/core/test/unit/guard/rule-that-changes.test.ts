import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { api, mail, vault } from './in-doubt-world.ts'
import { ISSUER, schema } from './small-world.ts'

test(
  verifies('A11', 'a rule that asks from now on is heard while credentials are opened: the body waits for the person'),
  async () => {
    const { behalf, call, questions } = api()
    let asks = false
    const rules = policy(schema, {
      version: '1',
      approval: { message: () => 'Pay', when: () => asks },
      access: { mail },
    })
    const guard = behalf({
      vault: {
        ...vault,
        token: async (...request) => {
          asks = true
          return vault.token(...request)
        },
      },
    })
    const run = () => guard.run(rules, call(), () => 'ran')
    expect(await run()).toMatchObject({ status: 'unavailable', retryAfter: 1 })
    expect(await run()).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(1)
  },
)

test(verifies('A11', 'a yes of an approver who is revoked while credentials are opened starts nothing'), async () => {
  const { behalf, call, answers, clock } = api()
  let answered = false
  let asked = 0
  const carol = { issuer: ISSUER, subject: 'carol' }
  const rules = policy(schema, {
    version: '1',
    approval: { message: () => 'Pay', approver: () => carol },
    access: { mail },
  })
  const guard = behalf({
    vault: {
      ...vault,
      token: async (...request) => {
        // Asked once for whether the account is connected, and once for the body.
        if (answered && ++asked === 2) await behalf().revoke(carol)
        return vault.token(...request)
      },
    },
  })
  const run = () => guard.run(rules, call(), () => 'ran')
  await run()
  answered = true
  answers({ status: 'approved' })
  clock.advance(6)
  expect(await run()).toMatchObject({ status: 'unavailable', retryAfter: 1 })
  expect(await run()).toMatchObject({ status: 'interrupted' })
})
