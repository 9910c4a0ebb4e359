import { type Credential, policy, resource, type UserIdentity } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type ApiWorld, apiWorld } from './api-world.ts'

const Nothing = z.strictObject({})
const STRONG = 'urn:behalf:acr:phr'

/** A tool that reads notes, as each process of the app has it. */
function tool({ api }: ApiWorld) {
  const notes = policy(Nothing, { version: '1', access: { notes: resource(api.resource, { scopes: ['notes:read'] }) } })
  const call = (identity: UserIdentity, slot = 'first') =>
    ({ tool: 'read_notes', slot: ['thread', slot], input: {}, identity }) as const
  const body = async (_: unknown, { access }: { readonly access: { readonly notes: Credential } }) =>
    (await access.notes.fetch(`${api.origin}/notes`)).status
  return { notes, call, body }
}

test(
  verifies(
    'E5',
    'RFC 9470: an API asks for another login in mid-body, and the next preflight of another process says so',
  ),
  async ({ onTestFinished }) => {
    const world = await apiWorld(onTestFinished)
    const { notes, call, body } = tool(world)
    const byPassword = await world.signIn()
    world.rules = { scopes: ['notes:read'], acrValues: [STRONG], maxAge: 300 }
    await expect(world.guard().run(notes, call(byPassword), body)).rejects.toMatchObject({
      code: 'ERR_STEP_UP_REQUIRED',
      stepUp: { acrValues: [STRONG], maxAge: 300 },
    })
    const elsewhere = world.guard()
    const asked = { status: 'interrupted', interrupt: { kind: 'step_up_required', acrValues: [STRONG], maxAge: 300 } }
    const before = world.sent.length
    expect(await elsewhere.preflight(notes, call(byPassword, 'second'))).toMatchObject(asked)
    // Neither the server nor the API is asked again before the person is.
    expect(world.sent).toHaveLength(before)
    // A new login of the same kind is no answer.
    expect(await elsewhere.preflight(notes, call(await world.signIn(), 'second'))).toMatchObject(asked)
    const strong = await world.signIn({ parameters: { acr_values: STRONG, max_age: '300' } })
    expect(strong.acr).toBe(STRONG)
    expect(await elsewhere.preflight(notes, call(strong, 'second'))).toMatchObject({ status: 'ready' })
    expect(await elsewhere.run(notes, call(strong, 'second'), body)).toMatchObject({ status: 'done', result: 200 })
  },
)

test('RFC 9470: a login that is too old is renewed, at the same level', async ({ onTestFinished }) => {
  const world = await apiWorld(onTestFinished)
  const { notes, call, body } = tool(world)
  world.rules = { maxAge: 60 }
  const hourAgo = Math.floor(Date.now() / 1000) - 3600
  const { controls } = world.server
  const signInAs = controls.signInAs.bind(controls)
  controls.signInAs = (subject) => signInAs(subject, { authTime: hourAgo })
  const old = await world.signIn()
  expect(old.authTime).toBe(hourAgo)
  await expect(world.guard().run(notes, call(old), body)).rejects.toMatchObject({ stepUp: { maxAge: 60 } })
  const asked = { status: 'interrupted', interrupt: { kind: 'step_up_required', maxAge: 60 } }
  expect(await world.guard().preflight(notes, call(old))).toMatchObject(asked)
  const fresh = await world.signIn({ parameters: { max_age: '60' } })
  expect(await world.guard().run(notes, call(fresh), body)).toMatchObject({ status: 'done', result: 200 })
})

test('RFC 6750: an API asks for more scopes in mid-body, and the next preflight of another process says so', async ({
  onTestFinished,
}) => {
  const world = await apiWorld(onTestFinished)
  const { notes, call, body } = tool(world)
  const identity = await world.signIn()
  world.rules = { scopes: ['notes:read', 'notes:write'] }
  await expect(world.guard().run(notes, call(identity), body)).rejects.toMatchObject({
    code: 'ERR_STEP_UP_REQUIRED',
    credential: 'notes',
    stepUp: { scopes: ['notes:read', 'notes:write'] },
  })
  const interrupt = { kind: 'step_up_required', scopes: ['notes:read', 'notes:write'] }
  const elsewhere = world.guard()
  const before = world.sent.length
  expect(await elsewhere.preflight(notes, call(identity))).toMatchObject({ status: 'interrupted', interrupt })
  // What its preflight met, its runs of the tool know as well.
  expect(await elsewhere.run(notes, call(identity), body)).toMatchObject({ status: 'interrupted', interrupt })
  expect(world.sent).toHaveLength(before)
})
