import { expect, test } from 'vitest'
import { interruptsOf, resumeWhenResolved } from '../src/index.ts'

const interrupt = { v: 1, kind: 'login_required', id: 'i', tool: 'buy', message: 'Sign in' } as const
const guard = { approvals: { get: () => Promise.reject(new TypeError('nobody asks')) } } as never
const options = { guard, identity: {} as never }

test('a call that is listed without its id, as by Mastra 1.48, still waits, and goes on by its run', async () => {
  const listed = { runs: [{ runId: 'r', toolCalls: [{ suspendPayload: interrupt }] }] }
  expect(interruptsOf(listed)).toEqual([{ runId: 'r', interrupt }])
  expect(await resumeWhenResolved(listed, options)).toEqual([{ runId: 'r', resumeData: { $behalf: 'look' } }])
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

test('a question that is unknown, open, or somebody else’s wakes nothing', async () => {
  const asked = { ...interrupt, kind: 'approval_pending' }
  const listed = { runs: [{ runId: 'r', toolCalls: [{ toolCallId: 'c', suspendPayload: asked }] }] }
  const lookedUp = (view: object | undefined) =>
    resumeWhenResolved(listed, { ...options, guard: { approvals: { get: async () => view } } as never })
  expect(await lookedUp(undefined)).toEqual([])
  expect(await lookedUp({ state: 'open' })).toEqual([])
  expect(await lookedUp({ state: 'denied' })).toHaveLength(1)
})
