import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { withoutSecrets } from '../../../src/oauth/requests/bounded-request.ts'

function parseError(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}

describe('a cause that is safe to keep', () => {
  test('has name, message and code of each error in the chain', () => {
    const root = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const cause = withoutSecrets(new TypeError('fetch failed', { cause: root }))
    expect(cause).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    expect(cause?.cause).toMatchObject({ message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' })
  })

  test('has nothing else that hung on it', () => {
    const error = Object.assign(new Error('no'), {
      body: { access_token: 'tok-secret' },
      cause: { token: 'tok-secret' },
    })
    expect(inspect(withoutSecrets(error), { depth: 9, showHidden: true })).not.toContain('tok-secret')
  })

  test('does not repeat what a JSON parser quotes of its input', () => {
    const error = parseError('tok-secret')
    expect(String(error)).toContain('tok-secret')
    expect(inspect(withoutSecrets(new Error('parsing failed', { cause: error })))).not.toContain('tok-secret')
  })

  test('ends on a chain that is a circle', () => {
    const error = new Error('round')
    error.cause = error
    expect(withoutSecrets(error)).toBeInstanceOf(Error)
  })

  test('is nothing where no error was thrown', () => {
    expect(withoutSecrets('tok-secret')).toBeUndefined()
  })
})
