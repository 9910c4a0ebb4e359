import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { followInterrupts, wake } from '../../src/browser.ts'
import { page, waiting } from './followed-page.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000)

test('polls at once, then at the interval of the server, and adds the response when the question is resolved', async () => {
  const { answers, asked, responses, follow } = page(waiting('a'))
  follow()
  await seconds(4)
  expect(asked).toEqual(['/api/approvals/question-of-a'])
  await seconds(2)
  expect(asked).toHaveLength(2)
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
  await seconds(6)
  expect(responses).toEqual([{ id: 'a', approved: true }])
  await seconds(60)
  expect(asked).toHaveLength(3)
})

test('adds a denial as one, with its reason, and never as an approval', async () => {
  const { answers, responses, follow } = page(waiting('a'), waiting('b'))
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: false, reason: 'It was denied.' })
  answers['question-of-b'] = () => Response.json({ resolved: true })
  follow()
  await seconds(1)
  expect(responses).toEqual([{ id: 'a', approved: false, reason: 'It was denied.' }])
})

test.each([
  () => {
    throw new Error('the log is away')
  },
  () => Promise.reject(new Error('the log is away')),
])('continues after an error of onProblem', async (onProblem) => {
  const { answers, responses, follow } = page(waiting('a'))
  answers['question-of-a'] = () => new Response('', { status: 500 })
  follow({ onProblem })
  await seconds(1)
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
  await seconds(20)
  expect(responses).toEqual([{ id: 'a', approved: true }])
})

test('finds a question that arrives later, at the address that the app gives', async () => {
  const { asked, follow, add } = page()
  follow({ url: 'https://api.example/questions' })
  await seconds(5)
  expect(asked).toEqual([])
  add(waiting('late/one'))
  await seconds(1)
  expect(asked).toEqual(['https://api.example/questions/question-of-late%2Fone'])
})

test.each([
  ['unknown', () => Response.json({ error: 'not_found' }, { status: 404 })],
  ['login_required', () => new Response(null, { status: 401 })],
  ['unavailable', () => new Response(null, { status: 503 })],
  ['unavailable', () => new Response('<h1>no page</h1>', { status: 404 })],
  ['unavailable', () => new Response('<html>a login page</html>')],
  ['unavailable', () => Response.json(null)],
  ['unavailable', () => Promise.reject(new TypeError('no network'))],
] as const)('says %s once, polls more slowly, at most each minute, and recovers', async (problem, answer) => {
  const { answers, asked, problems, responses, follow } = page(waiting('a'))
  answers['question-of-a'] = answer
  follow()
  await seconds(300)
  expect(problems).toEqual([problem])
  // After 10, 20 and 40 seconds, then each minute.
  expect(asked.length).toBeLessThanOrEqual(9)
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
  await seconds(61)
  expect(responses).toEqual([{ id: 'a', approved: true }])
  expect(problems).toEqual([problem, undefined])
})

test('each question has a problem of its own, which is over with it', async () => {
  const { answers, chat, follow } = page(waiting('a'), waiting('b'), waiting('c'))
  const onProblem = vi.fn()
  answers['question-of-a'] = () => new Response(null, { status: 401 })
  answers['question-of-b'] = () => Response.json({ error: 'not_found' }, { status: 404 })
  follow({ onProblem })
  await seconds(1)
  expect(onProblem.mock.calls).toEqual([
    ['login_required', expect.any(Error), 'a'],
    ['unknown', expect.any(Error), 'b'],
  ])
  await chat.addToolApprovalResponse({ id: 'b' })
  answers['question-of-a'] = () => Response.json({ resolved: false, interval: 5 })
  await seconds(10)
  expect(onProblem.mock.calls.slice(2)).toEqual([
    [undefined, undefined, 'b'],
    [undefined, undefined, 'a'],
  ])
})

test('adds no response after it was stopped, even if one is on its way', async () => {
  const { answers, asked, chat, follow } = page(waiting('a'))
  const answer = Promise.withResolvers<Response>()
  answers['question-of-a'] = () => answer.promise
  const stop = follow()
  await seconds(1)
  stop()
  answer.resolve(Response.json({ resolved: true, approved: true }))
  await seconds(120)
  expect(asked).toHaveLength(1)
  expect(chat.addToolApprovalResponse).not.toHaveBeenCalled()
})

test('a question whose answer never comes holds up no other one, and is a problem after 30 seconds', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const late = new AbortController()
    setTimeout(() => late.abort(new DOMException('too late', 'TimeoutError')), ms)
    return late.signal
  })
  onTestFinished(() => timeout.mockRestore())
  const { answers, asked, problems, responses, follow } = page(waiting('a'), waiting('b'))
  answers['question-of-a'] = () => new Promise(() => {})
  follow()
  await seconds(10)
  answers['question-of-b'] = () => Response.json({ resolved: true, approved: true })
  await seconds(10)
  expect(responses).toEqual([{ id: 'b', approved: true }])
  expect(asked.filter((url) => url.endsWith('question-of-a'))).toHaveLength(1)
  await seconds(12)
  expect(problems).toEqual(['unavailable'])
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
  await seconds(20)
  expect([responses.at(-1), problems]).toEqual([{ id: 'a', approved: true }, ['unavailable', undefined]])
})

test('a response that the chat never takes holds up no other one', async () => {
  const { chat, answers, follow } = page(waiting('a'), waiting('b'))
  chat.addToolApprovalResponse.mockImplementation(() => new Promise(() => {}))
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
  follow()
  await seconds(2)
  answers['question-of-b'] = () => Response.json({ resolved: true, approved: true })
  await seconds(10)
  expect(chat.addToolApprovalResponse).toHaveBeenCalledWith({ id: 'b', approved: true })
})

test.each([null, {}, { role: 'user', content: 'hi' }])(
  'messages that are no chat’s for a while, such as %j, end no polls',
  async (odd) => {
    const { chat, answers, responses, follow } = page(waiting('a'))
    chat.messages.push(odd as never)
    follow()
    await seconds(3)
    chat.messages.pop()
    answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
    await seconds(2)
    expect(responses).toEqual([{ id: 'a', approved: true }])
  },
)

test('an id that no address can hold, as a model may write it, is a problem of its question alone', async () => {
  const { answers, asked, problems, responses, follow } = page(
    waiting('a', 'approval_pending', { id: '\ud800' }),
    waiting('b'),
  )
  answers['question-of-b'] = () => Response.json({ resolved: true, approved: true })
  follow()
  await seconds(20)
  expect([asked.length, problems, responses]).toEqual([1, ['unavailable'], [{ id: 'b', approved: true }]])
})

test('tells the cause of a problem: the error of the network, or how the address answered', async () => {
  const { answers, follow } = page(waiting('a'))
  const onProblem = vi.fn()
  const error = new TypeError('no network')
  answers['question-of-a'] = () => Promise.reject(error)
  follow({ onProblem })()
  follow({ onProblem })
  await seconds(1)
  expect(onProblem.mock.calls).toEqual([['unavailable', error, 'a']])
  answers['question-of-a'] = () =>
    new Response('<h1>no page</h1>', { status: 404, headers: { 'content-type': 'text/html' } })
  follow({ onProblem })()
  follow({ onProblem })
  await seconds(1)
  const message =
    '/api/approvals/question-of-a answered 404 (text/html), not as approvalStatus does: mount it there, or give `url`'
  expect(onProblem.mock.lastCall).toEqual(['unavailable', new Error(message), 'a'])
  answers['question-of-a'] = () => Response.json({ error: 'unavailable' }, { status: 503 })
  follow({ onProblem })
  await seconds(1)
  expect(onProblem.mock.lastCall?.[1]).toHaveProperty('message', expect.stringContaining('cannot reach its store'))
})

test('says that the chat does not send the responses, once, and that it does', async () => {
  const responded = { ...waiting('a'), state: 'approval-responded' }
  const { chat, problems, follow } = page(responded)
  const onProblem = vi.fn((problem) => problems.push(problem))
  const state = Object.assign(chat, { status: 'submitted' })
  follow({ onProblem })
  await seconds(10)
  expect(problems).toEqual([])
  state.status = 'ready'
  await seconds(10)
  expect(onProblem.mock.calls).toEqual([
    ['not_sent', expect.objectContaining({ message: expect.stringContaining('give it sendAutomaticallyWhen') })],
  ])
  state.status = 'streaming'
  await seconds(2)
  expect(problems).toEqual(['not_sent', undefined])
})

test('leaves out responses of a step in which another request waits, such as of a tool without a guard', async () => {
  const responded = { ...waiting('a'), state: 'approval-responded' }
  const unguarded = { ...waiting('b'), approval: { id: 'b', requestReason: 'a human should look' } }
  const { chat, problems, follow } = page(responded, unguarded)
  Object.assign(chat, { status: 'ready' })
  follow()
  await seconds(10)
  expect(problems).toEqual([])
})

test('leaves a question that another message follows, even if its answer is on its way', async () => {
  const { answers, asked, chat, problems, follow, add } = page(waiting('a'))
  const answer = Promise.withResolvers<Response>()
  answers['question-of-a'] = () => answer.promise
  follow()
  await seconds(1)
  add()
  answer.resolve(Response.json({ resolved: true, approved: true }))
  await seconds(120)
  expect([asked.length, problems]).toEqual([1, ['replaced']])
  expect(chat.addToolApprovalResponse).not.toHaveBeenCalled()
})

test('refuses what is no chat, and an unknown option', () => {
  const { chat } = page()
  expect(() => followInterrupts([] as never)).toThrow(
    'followInterrupts.chat: give a chat, such as what useChat returns',
  )
  expect(() => followInterrupts(chat, { onConfirm() {} } as never)).toThrow(
    'followInterrupts.onConfirm: is not an option here; there are url, fetch, onProblem, onConfirmed',
  )
})

test('wake adds no response to an earlier message, even if the user writes while it is at work', async () => {
  const kinds = ['login_required', 'connection_required']
  const { chat, add } = page(...kinds.map((kind) => waiting(kind, kind, { connection: 'crm' })))
  chat.addToolApprovalResponse.mockImplementation(async () => void add())
  await wake(chat)
  await wake(chat)
  expect(chat.addToolApprovalResponse.mock.calls).toEqual([[{ id: 'login_required', approved: true }]])
})

test('a chat that fails to add the response is asked again', async () => {
  const { answers, chat, responses, follow } = page(waiting('a'))
  answers['question-of-a'] = () => Response.json({ resolved: true, approved: true })
  chat.addToolApprovalResponse.mockRejectedValueOnce(new Error('the chat is away'))
  follow()
  await seconds(10)
  expect(responses).toEqual([{ id: 'a', approved: true }])
})

test('wake continues what waits for a login, an account or a step-up, and leaves questions to their answer', async () => {
  const kinds = ['login_required', 'connection_required', 'step_up_required', 'approval_pending']
  const { chat, responses } = page(...kinds.map((kind) => waiting(kind, kind, { connection: 'crm' })))
  await wake(chat)
  expect(responses).toEqual(kinds.slice(0, 3).map((id) => ({ id, approved: true })))
})
