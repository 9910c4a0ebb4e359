import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/index.ts'
import { jobWorld } from '../delegations/job-world.ts'
import { ORIGIN, policies } from './world.ts'

describe('an API refuses a cached token while a body runs', () => {
  /** Grants that are asked for by a body that reads once, after `meanwhile` came and the API refused its token. */
  const grantsAfter = async (
    tool: 'read_portfolio' | 'get_portfolio',
    meanwhile: (world: Awaited<ReturnType<typeof jobWorld>>, identity: UserIdentity) => Promise<unknown>,
    who: (world: Awaited<ReturnType<typeof jobWorld>>) => Promise<UserIdentity> = ({ login }) => login(),
  ) => {
    const target = await jobWorld()
    const identity = await who(target)
    const grants = async () =>
      (await target.authorizationServer.controls.requests()).filter(({ parameters }) => 'grant_type' in parameters)
        .length
    const call = target.invocation({ tool, input: { portfolio: 'p-ann' }, identity })
    const outcome = await target
      .process()
      .run(policies[tool] as typeof policies.read_portfolio, call, async (_, { access }) => {
        await meanwhile(target, identity)
        const before = await grants()
        await target.stockTrade.controls.fault('portfolios', { status: 401 })
        const { status } = await access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)
        return { status, asked: (await grants()) - before }
      })
    return outcome.status === 'done' ? outcome.result : outcome
  }

  const ends = (target: Awaited<ReturnType<typeof jobWorld>>, { issuer, subject }: UserIdentity) =>
    target.process().revoke({ issuer, subject })

  const nothing = async () => {}

  test.each([
    ['read_portfolio', 'whose access goes on gets a', nothing, { status: 200, asked: 1 }],
    ['get_portfolio', 'whose access goes on gets a', nothing, { status: 200, asked: 1 }],
    ['read_portfolio', 'whose access ended in another process gets no', ends, { status: 401, asked: 0 }],
    ['get_portfolio', 'whose access ended in another process gets no', ends, { status: 401, asked: 0 }],
  ] as const)(verifies('I11', 'the user of %s, %s new token'), async (tool, _, meanwhile, expected) => {
    expect(await grantsAfter(tool, meanwhile)).toEqual(expected)
  })

  test(verifies('I11', 'a job whose delegation ended in another process gets no new token'), async () => {
    let owner: UserIdentity | undefined
    const job = async (target: Awaited<ReturnType<typeof jobWorld>>) => {
      const guard = target.process()
      owner = (await target.present()).identity
      return guard.delegations.identity(await target.delegate(guard))
    }
    const end = (target: Awaited<ReturnType<typeof jobWorld>>, { delegationId = '' }: UserIdentity) =>
      target.process().delegations.revoke(delegationId, { identity: owner as UserIdentity })
    expect(await grantsAfter('read_portfolio', end, job)).toEqual({ status: 401, asked: 0 })
  })
})

test(
  verifies('I9', 'a read whose token is being exchanged does not start once its process has ended the access'),
  async () => {
    const target = await jobWorld()
    const began = Promise.withResolvers<void>()
    const revoked = Promise.withResolvers<void>()
    const behalf = target.process({
      fetch: async (input, init) => {
        const request = new Request(input, init)
        const body = await request.text()
        if (body.includes('token-exchange')) {
          began.resolve()
          await revoked.promise
        }
        return fetch(request.url, { method: request.method, headers: request.headers, ...(body !== '' && { body }) })
      },
    })
    const identity = await target.login()
    const call = target.invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity })
    const reading = behalf.run(policies.read_portfolio, call, () => 'ran')
    await began.promise
    await behalf.revoke({ issuer: identity.issuer, subject: identity.subject })
    revoked.resolve()
    expect(await reading).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
  },
)
