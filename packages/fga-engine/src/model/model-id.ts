import type { AuthorizationModel } from './authorization-model.ts'

/** Crockford's alphabet, in which ULIDs are written. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 26

/** Returns the model's own id, or one made from its content, so that the same model has the same id everywhere. */
export function modelId({ id, ...content }: AuthorizationModel): string {
  if (id !== undefined && id !== '') return id
  // FNV-1a over the text, once for each character of the id. Not for secrets: it only distinguishes models.
  const text = JSON.stringify(content)
  let made = ''
  for (let position = 0; position < LENGTH; position++) {
    let hash = 0x811c9dc5 ^ position
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
    // A ULID is at most 7ZZ…: its first character holds three bits.
    made += ALPHABET[(hash >>> 8) % (position === 0 ? 8 : 32)]
  }
  return made
}
