import { expect, onTestFinished, test, vi } from 'vitest'
import { type Sandbox, type SandboxEvent, type SandboxOptions, startSandbox } from '../../src/index.ts'
import { askBy, redeem } from './phone-http.ts'

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(options)
  onTestFinished(() => sandbox.close())
  return sandbox
}

const errorOf = async (sandbox: Sandbox, authReqId: string) =>
  ((await redeem(sandbox, authReqId)).body as { readonly error?: string }).error
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

test.each(['approve', 'deny', 'expire', 'slow-down', '503', 'lost-answer'] as const)(
  '%s that was set for the next time is taken back by off',
  async (name) => {
    const sandbox = await start()
    await sandbox.fault(name)
    await sandbox.fault('off')
    const authReqId = await askBy(sandbox, 'ann')
    await pause(100)
    expect(await errorOf(sandbox, authReqId)).toBe('authorization_pending')
  },
)

test('what was set for an open question is taken back as well', async () => {
  const sandbox = await start()
  const authReqId = await askBy(sandbox, 'ann')
  await sandbox.fault('slow-down')
  await sandbox.fault('lost-answer')
  await sandbox.fault('off')
  await sandbox.fault('approve')
  expect((await redeem(sandbox, authReqId)).status).toBe(200)
})

test.each([
  ['approve', undefined, 'is approved'],
  ['deny', 'access_denied', 'is denied'],
  ['expire', 'expired_token', 'expires'],
] as const)('%s is for the newest open question, for no older one and for no later one', async (name, end, effect) => {
  const sandbox = await start()
  const open = [await askBy(sandbox, 'ann'), await askBy(sandbox, 'bob')]
  expect(await sandbox.fault(name)).toBe(
    `the question “Buy 50 shares of AAPL” of bob ${effect}; other open questions: 1`,
  )
  expect(await errorOf(sandbox, open[1] as string)).toBe(end)
  expect(await errorOf(sandbox, open[0] as string)).toBe('authorization_pending')
  const later = await askBy(sandbox, 'ann')
  await pause(100)
  expect(await errorOf(sandbox, later)).toBe('authorization_pending')
})

test('without an open question, an answer is for the next one, and it says so', async () => {
  const sandbox = await start()
  expect(await sandbox.fault('approve')).toBe('the next question is approved')
  const authReqId = await askBy(sandbox, 'ann')
  await pause(100)
  expect((await redeem(sandbox, authReqId)).status).toBe(200)
})

test('an answer is for the open question that it names, by its name in the events or by its message', async () => {
  const asked: string[] = []
  const onEvent = (event: SandboxEvent) => event.type === 'asked' && void asked.push(event.question)
  const sandbox = await start({ onEvent: (event) => void onEvent(event) })
  const [older, newer] = [await askBy(sandbox, 'ann'), await askBy(sandbox, 'bob')]
  expect(await sandbox.fault('approve', asked[0])).toContain('of ann is approved')
  expect((await redeem(sandbox, older as string)).status).toBe(200)
  expect(await errorOf(sandbox, newer as string)).toBe('authorization_pending')
  expect(await sandbox.fault('deny', 'Buy 50 shares of AAPL')).toBe(
    'the question “Buy 50 shares of AAPL” of bob is denied',
  )
  await expect(sandbox.fault('approve', 'Sell 1')).rejects.toThrow('no open question "Sell 1"; open are: none')
})

test('an answer with a user is for the newest open question of this user, or for their next one', async () => {
  const sandbox = await start()
  const open = [await askBy(sandbox, 'ann'), await askBy(sandbox, 'bob')]
  expect(await sandbox.fault('deny', { user: 'ann' })).toContain('of ann is denied; other open questions: 1')
  expect(await errorOf(sandbox, open[0] as string)).toBe('access_denied')
  expect(await errorOf(sandbox, open[1] as string)).toBe('authorization_pending')
  expect(await sandbox.fault('deny', { user: 'ann' })).toBe('the next question of ann is denied')
  const later = [await askBy(sandbox, 'bob'), await askBy(sandbox, 'ann')]
  await vi.waitFor(async () => expect(await errorOf(sandbox, later[1] as string)).toBe('access_denied'), {
    timeout: 20_000,
    interval: 1_100,
  })
  expect(await errorOf(sandbox, later[0] as string)).toBe('authorization_pending')
  await expect(sandbox.fault('deny', { user: 'zoe' })).rejects.toThrow('there is no zoe; there are ann, bob')
  await expect(sandbox.fault('revoke', { user: 'ann' })).rejects.toThrow('revoke is for no question: leave out {"user"')
})

test('each question gets the answer that was set for it, though several come at once', async () => {
  const sandbox = await start({ answers: 'approve' })
  await sandbox.fault('deny')
  const first = await askBy(sandbox, 'ann')
  const others = await Promise.all(['ann', 'bob', 'ann', 'bob', 'ann'].map((subject) => askBy(sandbox, subject)))
  const { controls } = sandbox.target.authorizationServer
  await vi.waitFor(async () => expect(await controls.pendingRequests()).toEqual([]))
  expect(await errorOf(sandbox, first)).toBe('access_denied')
  for (const one of others) expect((await redeem(sandbox, one)).status).toBe(200)
})

test('of two answers at once the first counts, and is the only one that is told', async () => {
  const answers: string[] = []
  const onEvent = (event: SandboxEvent) => event.type === 'answered' && void answers.push(event.answer)
  const sandbox = await start({ onEvent: (event) => void onEvent(event) })
  const { controls } = sandbox.target.authorizationServer
  const approved = await askBy(sandbox, 'ann')
  const ends = await Promise.allSettled([controls.approve(approved), controls.deny(approved)])
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect((await redeem(sandbox, approved)).status).toBe(200)
  expect(answers).toEqual(['approved'])

  const denied = await askBy(sandbox, 'ann')
  await Promise.allSettled([controls.deny(denied), controls.approve(denied)])
  expect(await errorOf(sandbox, denied)).toBe('access_denied')
  expect(answers).toEqual(['approved', 'denied'])
})
