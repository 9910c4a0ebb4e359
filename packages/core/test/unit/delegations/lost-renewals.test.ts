import { expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { memoryStore } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'
import { jobWorld } from './job-world.ts'

const outcome = (asked: Promise<unknown>) =>
  asked.then(
    () => 'verified',
    (error: { readonly code?: string; readonly reason?: string }) => error.reason ?? error.code,
  )

test('a delegation sends its refresh token never again after a lost response, in no process', async () => {
  const { process, delegate, refreshes, authorizationServer } = await jobWorld()
  const guards = [process(), process()] as const
  const id = await delegate(guards[0])
  await authorizationServer.controls.fault('token', { lostAnswer: true })
  expect(await outcome(guards[0].delegations.identity(id))).toBe('ERR_TRANSPORT')
  const before = await refreshes()
  for (const guard of guards) expect(await outcome(guard.delegations.identity(id))).toBe('login_required')
  expect(await refreshes()).toBe(before)
})

test('a delegation whose server surely did nothing goes on', async () => {
  const { process, delegate, authorizationServer } = await jobWorld()
  const guard = process()
  const id = await delegate(guard)
  await authorizationServer.controls.fault('token', { status: 429 })
  expect(await outcome(guard.delegations.identity(id))).toBe('ERR_TRANSPORT')
  expect(await outcome(guard.delegations.identity(id))).toBe('verified')
})

test('a delegation that cannot be stored leaves no refresh token good at the server', async () => {
  const { process, delegate, authorizationServer, clock } = await jobWorld()
  const store = memoryStore({ clock })
  const failing = overStore(store, {
    put: async () => {
      throw new StoreError('corrupt', 'the store takes nothing')
    },
  })
  expect(await outcome(delegate(process({ store: failing })))).toBe('corrupt')
  const requests = await authorizationServer.controls.requests()
  const tokens = requests.filter(({ endpoint }) => endpoint === 'revoke').map(({ parameters }) => parameters)
  expect(tokens).toMatchObject([{ token_type_hint: 'refresh_token' }])
})
