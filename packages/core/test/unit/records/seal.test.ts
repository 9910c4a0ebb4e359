import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { createSealer, keyBytes } from '../../../src/records/index.ts'

const key = () => crypto.getRandomValues(new Uint8Array(32))
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (value: string) => new TextEncoder().encode(value)

describe('sealer', () => {
  test('opens what it sealed', async () => {
    const sealer = createSealer([key()])
    const sealed = await sealer.seal('run:1', bytes('an auth_req_id'))
    expect(text(sealed)).not.toContain('auth_req_id')
    expect(text(await sealer.open('run:1', sealed))).toBe('an auth_req_id')
  })

  test('a record that was moved to another key does not open', async () => {
    const sealer = createSealer([key()])
    const sealed = await sealer.seal('run:ann', bytes('hers'))
    await expect(sealer.open('run:bob', sealed)).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'moved' })
  })

  test('a record in which one byte was changed does not open', async () => {
    const sealer = createSealer([key()])
    const sealed = await sealer.seal('run:1', bytes('value'))
    const at = text(sealed).lastIndexOf('.') - 3
    sealed[at] = sealed[at] === 65 ? 66 : 65
    await expect(sealer.open('run:1', sealed)).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'corrupt' })
    await expect(sealer.open('run:1', bytes('{}'))).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'corrupt' })
  })

  test('keys rotate: the first seals, all open, a retired one does not', async () => {
    const [old, current] = [key(), key()]
    const sealed = await createSealer([old]).seal('run:1', bytes('old'))
    expect(text(await createSealer([current, old]).open('run:1', sealed))).toBe('old')
    await expect(createSealer([current]).open('run:1', sealed)).rejects.toMatchObject({ reason: 'wrong_key' })
  })
})

describe('keyBytes', () => {
  test('takes 32 bytes or their base64url, and names the option otherwise', () => {
    expect(keyBytes('keys.index', new Uint8Array(32))).toHaveLength(32)
    expect(keyBytes('keys.index', Buffer.alloc(32, 7).toString('base64url'))).toHaveLength(32)
    for (const bad of ['short', new Uint8Array(16), undefined, 32, '!!!']) {
      expect(() => keyBytes('keys.seal[1]', bad)).toThrow(/^keys\.seal\[1\]: has (no|\d+) bytes; give 32 random ones/)
    }
  })

  test('names a command that makes one, wherever Node runs', () => {
    let message = ''
    try {
      keyBytes('keys.index', '')
    } catch (error) {
      message = (error as Error).message
    }
    const [, code = ''] = /\(node -p "(.+)"\)$/.exec(message) ?? []
    const made = execFileSync(process.execPath, ['-p', code], { encoding: 'utf8' })
    expect(keyBytes('keys.index', made.trim())).toHaveLength(32)
  })
})
