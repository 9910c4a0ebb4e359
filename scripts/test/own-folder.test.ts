import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { ownFolder } from '../servers/run-server.ts'
import { startOpenFga } from '../servers/start-open-fga.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test('a folder of ours is made, and taken again', async () => {
  const root = await mkdtemp(join(tmpdir(), 'behalf-own-'))
  try {
    expect(await ownFolder(join(root, 'one', 'two'))).toBeUndefined()
    expect(await ownFolder(join(root, 'one', 'two'))).toBeUndefined()
  } finally {
    await rm(root, { recursive: true })
  }
})

test('an OpenFGA that another user laid there is not run', async () => {
  vi.spyOn(process, 'getuid').mockReturnValue((process.getuid?.() ?? 0) + 1)
  expect(await startOpenFga()).toMatch(/belongs to another user$/)
})
