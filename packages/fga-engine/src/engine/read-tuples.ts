import { ConfigurationError } from '@behalf/core'
import { FgaError, invalid } from '../errors/index.ts'
import { typeOf } from '../tuples/index.ts'
import type { ReadAnswer, ReadQuestion } from './questions.ts'
import type { EngineState } from './state.ts'

const PAGE_SIZE = 50
const LARGEST_PAGE = 100

/** Returns one page of stored tuples. Filters need an object, or its type and a user. */
export async function readTuples({ source }: EngineState, question: ReadQuestion): Promise<ReadAnswer> {
  if (source.page === undefined) throw new ConfigurationError('tuples', 'give a tuple source that has `page`, to read')
  const { user = '', relation = '', object = '', pageSize: size = PAGE_SIZE, continuationToken = '' } = question
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_PAGE) {
    throw new FgaError('page_size_invalid', `page size must be inside range [1, ${LARGEST_PAGE}]`)
  }
  if (user + relation + object !== '') {
    const type = typeOf(object)
    if (type === '' || (object.length === type.length + 1 && user === '')) {
      throw invalid('the object type is required, and the object id and the user cannot both be empty')
    }
  }
  const { tuples, next } = await source.page({
    size,
    ...(user !== '' && { user }),
    ...(relation !== '' && { relation }),
    ...(object !== '' && { object }),
    ...(continuationToken !== '' && { after: decode(continuationToken) }),
  })
  return { tuples, continuationToken: next === undefined ? '' : encode(next) }
}

/** Encodes a source's continuation text as base64url with padding, which the API accepts. */
const encode = (text: string) => btoa(encodeURIComponent(text)).replaceAll('+', '-').replaceAll('/', '_')

function decode(token: string): string {
  try {
    return decodeURIComponent(atob(token.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    throw new FgaError('invalid_continuation_token', 'Invalid continuation token')
  }
}
