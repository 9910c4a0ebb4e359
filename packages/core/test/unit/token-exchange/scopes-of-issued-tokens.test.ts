import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { exchangeServer } from './exchange-server.ts'

const server = await exchangeServer()
const dropped = async (work: Promise<unknown>, why: string) => {
  await expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining(why) })
}
/** Values of `scope` that are neither a text nor a list of scopes. */
const unreadable = [
  ['null', null],
  ['a number', 7],
  ['an object', { 0: 'portfolio:read' }],
  ['a list with a number', ['portfolio:read', 7]],
  ['a list within a list', [['portfolio:read', 'admin:all']]],
  ['a list with two scopes in one item', ['portfolio:read admin:all']],
  ['a list with an empty item', ['portfolio:read', '']],
  ['a text that separates by tabs', 'portfolio:read\tadmin:all'],
] as const

describe('an exchanged token', () => {
  test.each([['portfolio:read admin:all'], [['portfolio:read', 'admin:all']]])(
    'with a surplus in its own scope %j is dropped',
    async (scope) => {
      server.tokenSays({ scope })
      await dropped(server.exchange(), 'not asked for: "admin:all"')
    },
  )

  test.each(unreadable)(verifies('I5', 'whose own scope is %s is dropped'), async (_, scope) => {
    server.tokenSays({ scope })
    await dropped(server.exchange(), 'scopes cannot be read')
  })

  test.each(unreadable)('whose answer names as its scope %s is dropped', async (_, scope) => {
    server.answerSays({ scope })
    await dropped(server.exchange(), '')
  })

  test('whose own scope is a list is taken with the scopes of the list', async () => {
    server.tokenSays({ scope: ['portfolio:read'] })
    await expect(server.exchange()).resolves.toMatchObject({ scopes: ['portfolio:read'], verified: true })
  })

  test('that has fewer scopes than its answer says has those of the token', async () => {
    for (const scope of ['portfolio:read', ['portfolio:read']]) {
      server.tokenSays({ scope })
      server.answerSays({ scope: 'portfolio:read trade:write' })
      await expect(server.exchange()).resolves.toMatchObject({ scopes: ['portfolio:read'] })
    }
    for (const scope of ['', []]) {
      server.tokenSays({ scope })
      await expect(server.exchange()).resolves.toMatchObject({ scopes: [] })
    }
  })

  test(
    verifies('I5', 'that has more scopes than its answer says is dropped, although all were asked for'),
    async () => {
      server.answerSays({ scope: 'portfolio:read' })
      await dropped(server.exchange(), 'its answer does not name: "trade:write"')
    },
  )
})
