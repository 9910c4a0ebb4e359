import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { root } from '../gates/repository.ts'
import { startKeycloak } from '../servers/start-keycloak.ts'

let folder: string

/** A Maven that keeps notes where it was started, says how, and brings nothing. */
const maven = `#!/bin/sh
[ "$1" = --version ] && exit 0
mkdir '\${project.basedir}'
echo "$PWD"
exit 1
`

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'behalf-keycloak-test-')))
  const programs = join(folder, 'bin')
  await mkdir(programs)
  for (const [name, text] of [
    ['java', '#!/bin/sh\n'],
    ['mvn', maven],
  ] as const) {
    await writeFile(join(programs, name), text, { mode: 0o755 })
  }
  vi.stubEnv('PATH', `${programs}${delimiter}${process.env.PATH}`)
  vi.stubEnv('TMPDIR', folder)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

describe.skipIf(process.platform === 'win32')('startKeycloak', () => {
  test('Maven works, and keeps its notes, outside the clone', async () => {
    const before = await readdir(root)
    const problem = await startKeycloak(1)
    const [made = ''] = (await readdir(folder)).filter((name) => name !== 'bin')
    expect(problem).toBe(`Maven does not bring Keycloak: ${join(folder, made)}`)
    expect(await readdir(join(folder, made))).toEqual(['\u0024{project.basedir}'])
    expect(await readdir(root)).toEqual(before)
  })

  test('what another user laid there is not run', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue((process.getuid?.() ?? 0) + 1)
    expect(await startKeycloak(1)).toMatch(/belongs to another user$/)
  })
})
