import { expect, test } from 'vitest'
import { interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { world } from './world.ts'

const interrupt = { v: 1, kind: 'login_required', id: 'i', tool: 'buy', message: 'Sign in' } as const

test('a call that is listed without its id, as by Mastra 1.48, still waits', () => {
  const listed = { runs: [{ runId: 'r', toolCalls: [{ suspendPayload: interrupt }] }] }
  expect(interruptsOf(listed)).toEqual([{ runId: 'r', interrupt }])
})

test('what a tool suspended itself, and what is of an unknown version, is left out', () => {
  for (const suspendPayload of [{ question: 'which?' }, { ...interrupt, v: 2 }, undefined, 'text']) {
    expect(interruptsOf({ runs: [{ runId: 'r', toolCalls: [{ toolCallId: 'c', suspendPayload }] }] })).toEqual([])
    expect(interruptsOf({ status: 'suspended', suspended: [['buy']], steps: { buy: { suspendPayload } } })).toEqual([])
  }
})

test('a workflow that has ended waits for nothing, whatever its steps hold', () => {
  const steps = { buy: { suspendPayload: interrupt } }
  expect(interruptsOf({ status: 'success', suspended: [['buy']], steps })).toEqual([])
  expect(interruptsOf({ status: 'suspended', suspended: [['buy']], steps })).toEqual([{ step: ['buy'], interrupt }])
  expect(interruptsOf({ status: 'suspended', suspended: [['constructor']], steps })).toEqual([])
})

test('a question that is unknown, open, or another user’s wakes nothing', async () => {
  const asked = { ...interrupt, kind: 'approval_pending' }
  const listed = { runs: [{ runId: 'r', toolCalls: [{ toolCallId: 'c', suspendPayload: asked }] }] }
  const identity = await (await world()).login()
  const lookedUp = (state: string | undefined, waiting: typeof listed | { runs: [] } = listed) =>
    resumeWhenResolved(waiting, { guard: { pauses: { stateOf: async () => state } } as never, identity })
  expect(await lookedUp(undefined)).toEqual({ status: 'unknown', resumptions: [] })
  expect(await lookedUp('open')).toEqual({ status: 'open', resumptions: [] })
  const call = { resumeData: expect.any(Object), runId: 'r', toolCallId: 'c' }
  expect(await lookedUp('denied')).toEqual({ status: 'resolved', resumptions: [call] })
  expect(await lookedUp('not_recorded')).toEqual({ status: 'resolved', resumptions: [call] })
  expect(await lookedUp('denied', { runs: [] })).toEqual({ status: 'nothing', resumptions: [] })
})

test('an identity that no verification made is refused', async () => {
  const { pauses } = (await world()).guard()
  const [guard, identity] = [{ pauses }, {} as never]
  for (const waiting of [{ runs: [] }, { status: 'suspended' as const, runId: 'r' }]) {
    await expect(resumeWhenResolved(waiting as never, { guard, identity })).rejects.toThrow(
      'resumeWhenResolved.identity: no verification of @behalf/core returned this identity: pass what ',
    )
  }
})
