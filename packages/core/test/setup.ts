import { afterAll, beforeEach, expect, vi } from 'vitest'
import './world/judge-runs.ts'

// Runs for each file, in a worker that keeps its modules for the next one.

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
