import type { Requirement } from '@behalf/testing/requirements'

const check = 'https://openfga.dev/api/service#/Relationship%20Queries/Check'
const batch = 'https://openfga.dev/api/service#/Relationship%20Queries/BatchCheck'
const models = 'https://openfga.dev/docs/getting-started/immutable-models'
const consistency = 'https://openfga.dev/docs/interacting/consistency'
const errors = 'https://openfga.dev/docs/interacting/transactional-writes'
const concepts = 'https://openfga.dev/docs/concepts'
const lists = 'https://openfga.dev/api/service#/Relationship%20Queries/ListObjects'
const streams = 'https://openfga.dev/api/service#/Relationship%20Queries/StreamedListObjects'
const tuples = 'https://openfga.dev/api/service#/Relationship%20Tuples/Write'
const contextual = 'https://openfga.dev/docs/interacting/contextual-tuples'
const conditions = 'https://openfga.dev/docs/modeling/conditions'

/** What OpenFGA's HTTP API demands of a client, and what a client needs to fail closed on its answers. */
export const openfga = [
  { id: 'OPENFGA-Check-allowed', clause: check, text: 'MUST allow only where `allowed` is the literal true.' },
  { id: 'OPENFGA-Check-missing', clause: check, text: 'MUST deny where `allowed` is absent.' },
  {
    id: 'OPENFGA-Check-json',
    clause: check,
    text: 'MUST deny where a 200 answer is not the JSON that the API defines.',
  },
  { id: 'OPENFGA-Check-redirect', clause: check, text: 'MUST NOT take an answer from where a redirect points to.' },
  { id: 'OPENFGA-Check-duplicate', clause: check, text: 'MUST deny where an answer gives one key twice.' },
  {
    id: 'OPENFGA-BatchCheck-correlation_id',
    clause: batch,
    text: 'MUST give each check of a batch a unique `correlation_id` of 1 to 36 letters, digits or hyphens.',
  },
  { id: 'OPENFGA-BatchCheck-size', clause: batch, text: 'MUST NOT send more than 50 checks in one batch.' },
  { id: 'OPENFGA-BatchCheck-missing', clause: batch, text: 'MUST deny a check whose result is absent.' },
  { id: 'OPENFGA-BatchCheck-duplicate', clause: batch, text: 'MUST deny where a correlation id is answered twice.' },
  { id: 'OPENFGA-BatchCheck-foreign', clause: batch, text: 'MUST NOT take a result under an id that was not asked.' },
  { id: 'OPENFGA-BatchCheck-item', clause: batch, text: 'MUST deny a check whose result is malformed.' },
  { id: 'OPENFGA-BatchCheck-error', clause: batch, text: 'MUST deny a check whose result is an input error.' },
  {
    id: 'OPENFGA-BatchCheck-internal_error',
    clause: batch,
    text: 'MUST NOT take an internal error for an answer, unless another check of the batch is denied.',
  },
  { id: 'OPENFGA-Model-pinned', clause: models, text: 'SHOULD name the authorization model in every request.' },
  {
    id: 'OPENFGA-Model-header',
    clause: models,
    text: 'MUST deny where the answer names another model than was asked.',
  },
  {
    id: 'OPENFGA-Consistency-write',
    clause: consistency,
    text: 'SHOULD ask for higher consistency where a stale answer would do harm.',
  },
  {
    id: 'OPENFGA-Errors-refused',
    clause: errors,
    text: 'MUST NOT repeat a request that was refused with 4xx, other than 429.',
  },
  {
    id: 'OPENFGA-Errors-outage',
    clause: errors,
    text: 'SHOULD repeat a check after a network fault, 429, 5xx or a throttling 422, at most twice; no answer is an outage.',
  },
  {
    id: 'OPENFGA-BatchCheck-refused',
    clause: batch,
    text: 'MUST deny where a batch is refused as a whole; a question of another call in it is asked again by itself.',
  },
  { id: 'OPENFGA-ListObjects-objects', clause: lists, text: 'MUST NOT take names of another type than was asked.' },
  {
    id: 'OPENFGA-ListObjects-cut',
    clause: lists,
    text: 'MUST say that a list may be a part, at 1,000 objects or when the deadline of the server may have passed.',
  },
  {
    id: 'OPENFGA-StreamedListObjects-end',
    clause: streams,
    text: 'MUST NOT take a stream that breaks off, or that ends with an error, for a whole list.',
  },
  { id: 'OPENFGA-Write-limit', clause: tuples, text: 'MUST NOT send more than 100 tuples in one write.' },
  {
    id: 'OPENFGA-Write-repeat',
    clause: tuples,
    text: 'MUST NOT repeat a write that may have happened: what it gave may have been taken away since.',
  },
  {
    id: 'OPENFGA-Write-conflict',
    clause: tuples,
    text: 'SHOULD tell a conflict with what is stored apart from a fault.',
  },
  {
    id: 'OPENFGA-Contextual-limit',
    clause: contextual,
    text: 'MUST NOT send more than 100 contextual tuples, or one that is not well-formed.',
  },
  {
    id: 'OPENFGA-Conditions-time',
    clause: conditions,
    text: 'MUST take the time that conditions see from its own clock, and from no caller.',
  },
  {
    id: 'OPENFGA-Credentials-expired',
    clause: errors,
    text: 'SHOULD replace a token that it can replace when 401 says so, once.',
  },
  { id: 'OPENFGA-Errors-late', clause: errors, text: 'MUST NOT wait longer for an answer than its deadline.' },
  { id: 'OPENFGA-Names-id', clause: concepts, text: 'MUST NOT put `:`, `#`, `*` or white space into an object id.' },
  {
    id: 'OPENFGA-Names-length',
    clause: concepts,
    text: 'MUST NOT send an object over 256, a relation over 50 or a user over 512 bytes.',
  },
] as const satisfies readonly Requirement[]
