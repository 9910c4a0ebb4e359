import { verifies } from '@behalf/testing/requirements'
import { beforeEach, expect, test } from 'vitest'
import { connection } from '../../../src/entrypoints/vault.ts'
import { policy } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from '../guard/small-world.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { provider } from './provider.ts'
import { world } from './world.ts'

const crm = await provider('http://localhost:4841', Date.now)
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const API = 'https://api.crm.example'
const ann = user({ issuer: ISSUER })

/** A guard over a vault that does not know which account of its provider a link is of, and an API that refuses on demand. */
async function unnamed() {
  const inner = smallWorld()
  const { clock } = inner
  const { vault, link, tokenOf } = world(crm, { clock, definition: { account: { from: 'none' } } })
  await link(ann)
  const api = { refuses: '', took: [] as string[] }
  const fetch = async (_: unknown, init?: RequestInit) => {
    const token = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '') ?? ''
    if (token === api.refuses) return new Response(null, { status: 401 })
    api.took.push(token)
    return new Response('ok')
  }
  const behalf = inner.guard({ vault, fetch: fetch as typeof globalThis.fetch })
  const linkAnother = async () => {
    clock.advance(60)
    crm.state.account = 'a-2'
    await link(ann)
  }
  return { ...inner, api, behalf, tokenOf, linkAnother }
}

const scopes = { scopes: ['contacts.write'], origins: [API] }

test(verifies('A11', 'the approver is asked again after a new link, which may be of another account'), async () => {
  const { behalf, call, clock, answers, questions, linkAnother } = await unnamed()
  const asks = policy(schema, {
    version: '1',
    approval: { message: () => 'Pay?', approver: () => ({ issuer: ISSUER, subject: 'boss' }) },
    access: { crm: connection('crm', scopes) },
  })
  const used: string[] = []
  const run = () =>
    behalf.run(asks, call({ identity: ann }), (_, { access }) => access.crm.withToken((token) => void used.push(token)))
  await run()
  answers({ status: 'approved' })
  clock.advance(10)
  expect(await behalf.preflight(asks, call({ identity: ann }))).toMatchObject({ status: 'ready' })
  answers({ status: 'pending' })
  await linkAnother()
  expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  expect([questions.length, used]).toEqual([2, []])
})

test(
  verifies('A5', 'a run in doubt is not tried again after a new link, which may be of another account'),
  async () => {
    const { behalf, call, linkAnother } = await unnamed()
    const retries = policy(schema, {
      version: '1',
      approval: { when: () => false, message: () => 'Pay?', onCrash: 'retry' },
      access: {
        crm: connection('crm', { ...scopes, scopes: ['contacts.delete'], withoutApproval: ['contacts.write'] }),
      },
    })
    let tries = 0
    const run = () =>
      behalf.run(retries, call({ identity: ann }), (_, { access }) =>
        access.crm.withToken(() => {
          tries++
          throw new Error('no answer')
        }),
      )
    await expect(run()).rejects.toThrow('no answer')
    await linkAnother()
    expect(await run()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    expect(tries).toBe(1)
  },
)

test(verifies('I5', 'a running body whose token the API refuses gets no token of a new link'), async () => {
  const { behalf, call, api, tokenOf, linkAnother } = await unnamed()
  const pays = policy(schema, { version: '1', effect: 'write', access: { crm: connection('crm', scopes) } })
  const outcome = await behalf.run(pays, call({ identity: ann }), async (_, { access }) => {
    await access.crm.fetch(`${API}/invoices`, { method: 'POST' })
    await linkAnother()
    api.refuses = api.took[0] ?? ''
    return (await access.crm.fetch(`${API}/mails`, { method: 'POST' })).status
  })
  expect(outcome).toMatchObject({ status: 'done', result: 401 })
  expect(api.took).toHaveLength(1)
  // A policy, and the pages of the app, name such an account by its one id.
  expect(await tokenOf({ identity: ann, account: 'default' })).toMatch('access-')
  for (const account of ['default:1', 'other']) expect(await tokenOf({ identity: ann, account })).toBe('not_connected')
})
