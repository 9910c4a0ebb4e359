import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { page, waiting } from './followed-page.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000)

test('says that a message took the place of a question, once its turn is over, until the next turn', async () => {
  const { chat, problems, follow, add } = page(waiting('a'))
  const onProblem = vi.fn((problem) => problems.push(problem))
  const state = Object.assign(chat, { status: 'ready' })
  follow({ onProblem })
  await seconds(1)
  add()
  state.status = 'streaming'
  await seconds(10)
  expect(problems).toEqual([])
  add()
  state.status = 'ready'
  await seconds(10)
  expect(onProblem.mock.calls).toEqual([
    ['replaced', expect.objectContaining({ message: expect.stringContaining('Disable the input while a call waits') })],
  ])
  add()
  await seconds(2)
  expect(problems).toEqual(['replaced', undefined])
})

test('says no such thing where the next turn makes an equal call, which waits for the same question', async () => {
  const { problems, follow, add } = page(waiting('a'))
  follow()
  add()
  add(waiting('a'))
  await seconds(10)
  expect(problems).toEqual([])
})

test.each([
  [
    'ran after its approval',
    [{ ...waiting('b', 'approval_pending', { id: 'question-of-a' }), state: 'output-available' }],
  ],
  ['was denied', [{ ...waiting('b', 'approval_pending', { id: 'question-of-a' }), state: 'output-denied' }]],
  [
    'found the answer at once',
    [{ type: 'tool-buy', toolCallId: 'b', state: 'output-available', input: { n: 50, of: { b: 2, a: 1 } } }],
  ],
] as const)('says no such thing where an equal call %s in an earlier step of the reply', async (_, steps) => {
  const { chat, problems, follow } = page({ ...waiting('a'), input: { of: { a: 1, b: 2 }, n: 50 } } as never)
  chat.messages.push({ parts: [{ type: 'text' }] }, { parts: [{ type: 'step-start' }, ...steps, { type: 'text' }] })
  follow()
  await seconds(10)
  expect(problems).toEqual([])
})

test.each([
  ['arguments', { type: 'tool-buy', input: { n: 51 } }],
  ['tool', { type: 'tool-sell', input: { n: 50 } }],
])('says so where the reply calls with another %s', async (_, other) => {
  const { chat, problems, follow } = page({ ...waiting('a'), input: { n: 50 } } as never)
  const ran = { ...other, toolCallId: 'b', state: 'output-available' }
  chat.messages.push({ parts: [{ type: 'text' }] }, { parts: [ran] })
  follow()
  await seconds(10)
  expect(problems).toEqual(['replaced'])
})
