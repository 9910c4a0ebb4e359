import { expect, test } from 'vitest'
import { inAppApprovals, inAppInbox } from '../../../src/entrypoints/http.ts'
import { policy } from '../../../src/index.ts'
import { keys, schema, smallWorld, user } from '../guard/small-world.ts'

test('the answer of a page to a question that was replaced approves nothing, and the page is told', async () => {
  const { guard, call, store, clock } = smallWorld()
  const behalf = guard({ approvals: inAppApprovals() })
  const inbox = inAppInbox({ store, keys, clock, identityOf: () => user() })
  const version = (name: string) => policy(schema, { version: name, approval: { message: () => `Pay, says ${name}` } })
  await behalf.run(version('1'), call(), () => 'ran')
  const shown = async () => (await (await inbox(new Request('https://app.example/inbox'))).json()).questions
  const [old] = await shown()
  expect(old).toMatchObject({ message: expect.stringContaining('says 1') })
  clock.advance(8)
  await behalf.run(version('2'), call(), () => 'ran')
  const answer = ({ id, answerToken }: { id: string; answerToken: string }) =>
    inbox(
      new Request('https://app.example/inbox', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://app.example' },
        body: JSON.stringify({ id, answer: 'approve', answerToken }),
      }),
    )
  expect((await answer(old)).status).toBe(403)
  expect(await behalf.run(version('2'), call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
  const [now] = await shown()
  expect([now.id, now.message]).toEqual([old.id, expect.stringContaining('says 2')])
  expect((await answer(now)).status).toBe(200)
  clock.advance(6)
  expect(await behalf.run(version('2'), call(), () => 'ran')).toMatchObject({ status: 'done' })
})
