import { expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { api, open, useApi } from './open-credential.ts'

useApi()

test.for([200, 204, 302, 400, 403, 404, 429, 500, 503])(
  'a %i is given as it came, and no token is renewed for it',
  async (status) => {
    let [requests, renewals] = [0, 0]
    const { credential } = open({
      fetch: async () => {
        requests++
        return new Response(status === 204 ? null : 'as it came', { status })
      },
      refresh: async () => {
        renewals++
        return { token: new Token('second'), scopes: [] }
      },
    })
    const answer = await credential.fetch(`${api}/a`)
    expect([answer.status, await answer.text()]).toEqual([status, status === 204 ? '' : 'as it came'])
    expect([requests, renewals]).toEqual([1, 0])
  },
)
