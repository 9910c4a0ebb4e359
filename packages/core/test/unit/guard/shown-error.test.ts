import { expect, test } from 'vitest'
import { shownError, toolRefusal } from '../../../src/entrypoints/spi.ts'
import { ConfigurationError, HadNoEffect, ToolAuthorizationError, TransportError } from '../../../src/index.ts'

const signal = AbortSignal.abort(new Error('the user left'))

function shown(error: unknown, given?: AbortSignal) {
  const told: unknown[] = []
  const options = { guard: {}, onError: (one: unknown, tool: string) => void told.push([one, tool]) }
  return { shown: shownError(error, 'look', options, given), told }
}

test.each([
  ['a refusal', toolRefusal('not_permitted', 'This action is not permitted.'), undefined],
  ["the reason of the call's own abort", signal.reason, signal],
])('%s is shown as it is, and is no error for the app', (_, error, given) => {
  expect(shown(error, given)).toEqual({ shown: error, told: [] })
})

test.each([
  ['an error of a body', new Error('the secret is 1234'), undefined, 'tool_failed'],
  [
    'an error with the text of a refusal, which no adapter made',
    new ToolAuthorizationError('revoked', 'x'),
    undefined,
    'tool_failed',
  ],
  ['another error than the reason of an abort', new Error('x'), signal, 'tool_failed'],
  ['the word of a body that it had no effect', new HadNoEffect(), undefined, 'tool_failed'],
  ['an outage within a body', new TransportError('the API is away'), undefined, 'tool_failed'],
  ['a mistake of the app', new ConfigurationError('guardTools.threadId', 'give an id'), undefined, 'misconfigured'],
])('%s is shown as a fixed sentence, and the app gets the original', (_, error, given, code) => {
  const found = shown(error, given)
  expect(found).toMatchObject({ shown: { code }, told: [[error, 'look']] })
  expect(String(found.shown)).not.toContain(error.message)
})
