import { describe, expect, test } from 'vitest'
import { everythingShownBy, rejection } from '../oauth/mock-issuer.ts'
import { exchangeServer, SUBJECT_TOKEN } from './exchange-server.ts'

const server = await exchangeServer()
const NEW_TOKEN = 'a-new-access-token-of-the-server'

describe('a successful answer that repeats a token shows it in no error (I3)', () => {
  test.each<[string, object]>([
    ['the user’s, as its kind', { issued_token_type: SUBJECT_TOKEN }],
    ['the user’s, as a scope', { scope: `trade:write ${SUBJECT_TOKEN}` }],
    ['the user’s, in a scope', { scope: `trade:write of-${SUBJECT_TOKEN}` }],
    ['the new one, as a scope', { access_token: NEW_TOKEN, scope: `trade:write ${NEW_TOKEN}` }],
    ['the refresh token beside it, as a scope', { refresh_token: 'a-refresh-token', scope: 'a-refresh-token' }],
    ['the client’s secret, as a scope', { scope: 'agent-secret' }],
  ])('%s', async (_, answer) => {
    server.answerSays({ ...answer })
    const error = await rejection(server.exchange())
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining('repeats a token') })
    for (const secret of [SUBJECT_TOKEN, NEW_TOKEN, 'a-refresh-token', 'agent-secret']) {
      expect(everythingShownBy(error)).not.toContain(secret)
    }
  })

  test('what is no secret is told', async () => {
    server.answerSays({ scope: 'trade:write admin:all' })
    await expect(server.exchange()).rejects.toThrow('granted scopes that were not asked for: "admin:all"')
  })
})
