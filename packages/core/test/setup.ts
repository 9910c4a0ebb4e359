import { afterAll, beforeEach, expect, vi } from 'vitest'
import { RunStore } from '../src/runs/run-store.ts'
import { watchEdges } from './world/edges.ts'

// Runs for each file, in a worker that keeps its modules for the next one.

// Each change of a run's state in any test is one of the table.
if (!('isWatched' in RunStore)) watchEdges({ RunStore: Object.assign(RunStore, { isWatched: true }) }, () => {})

// Polls are delayed at random. Tests of questions say when a poll comes, so there is no delay. Elsewhere those who meet
// at one key of a store step aside at random, as they should.
const ofQuestions = /\/test\/(conformance|unit\/(ciba|delegations|guard|runs|vault))\//
beforeEach(() => {
  if (ofQuestions.test(expect.getState().testPath ?? '')) vi.spyOn(Math, 'random').mockReturnValue(0)
})

// The next file finds time and chance as they are.
afterAll(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
