import { expect, test } from 'vitest'
import { rejection } from '../authorization-server/mock-issuer.ts'
import { bearer, makeApi, passed, refused } from './api.ts'

const api = makeApi()

test('rules that are found in the body are asked for once the token has been verified, and not before', async () => {
  let reads = 0
  const found = async () => {
    reads++
    return { scopes: ['trade:write', 'more'] }
  }
  const { url, method } = await bearer()
  const none = await refused(api.protect({ url, method, headers: new Headers() }, { scopes: ['base'] }, found))
  expect([none.status, reads]).toEqual([401, 0])
  expect(none.challenge).toContain('scope="base"')
  const headers = new Headers({ authorization: 'Bearer garbage' })
  expect((await refused(api.protect({ url, method, headers }, {}, found))).status).toBe(401)
  expect(reads).toBe(0)
  const lacking = await refused(api.protect(await bearer({ scope: 'trade:write' }), {}, found))
  expect([lacking.status, reads]).toEqual([403, 1])
  await passed(api.protect(await bearer({ scope: 'trade:write more' }), {}, found))
})

test('rules that are found and misspelt are a mistake, as all are', async () => {
  const found = async () => ({ scope: ['a'] }) as never
  expect(await rejection(api.protect(await bearer(), {}, found))).toMatchObject({ option: 'protect.scope' })
})
