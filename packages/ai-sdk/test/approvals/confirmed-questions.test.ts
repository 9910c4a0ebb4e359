import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { page, waiting } from './followed-page.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000)

test.each([
  ['unknown', () => Response.json({ error: 'not_found' }, { status: 404 })],
  ['login_required', () => new Response(null, { status: 401 })],
] as const)('says %s as soon as the route answers', async (problem, answer) => {
  const { answers, problems, follow } = page(waiting('a'))
  answers['question-of-a'] = answer
  follow()
  await vi.advanceTimersByTimeAsync(0)
  expect(problems).toEqual([problem])
})

test('names the questions that the route knows as those of this user, and takes an outage for no answer', async () => {
  const { answers, responses, follow } = page(waiting('a'), waiting('b'), waiting('login', 'login_required'))
  const confirmed: unknown[] = []
  const second = Promise.withResolvers<Response>()
  answers['question-of-b'] = () => second.promise
  follow({
    onConfirmed: (ids) => {
      confirmed.push(ids)
      throw new Error('the page is away')
    },
  })
  await vi.advanceTimersByTimeAsync(0)
  expect(confirmed).toEqual([['a']])
  second.resolve(Response.json({ resolved: false, interval: 5 }))
  await vi.advanceTimersByTimeAsync(0)
  expect(confirmed).toEqual([['a'], ['a', 'b']])
  answers['question-of-a'] = () => new Response(null, { status: 503 })
  answers['question-of-b'] = () => new Response(null, { status: 401 })
  await seconds(6)
  expect(confirmed.slice(2)).toEqual([['a']])
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
  await seconds(60)
  expect([confirmed.slice(3), responses]).toEqual([[[]], [{ id: 'a', approved: true }]])
})

test('names no question of another user, and none before the route answered', async () => {
  const { answers, follow } = page(waiting('a'), waiting('b'), waiting('c'))
  const onConfirmed = vi.fn()
  answers['question-of-a'] = () => Response.json({ error: 'not_found' }, { status: 404 })
  answers['question-of-b'] = () => new Response(null, { status: 503 })
  answers['question-of-c'] = () => new Promise(() => {})
  follow({ onConfirmed })
  await seconds(20)
  expect(onConfirmed).not.toHaveBeenCalled()
})
