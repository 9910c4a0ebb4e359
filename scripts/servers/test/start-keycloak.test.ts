import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { root } from '../../gates/repository.ts'
import { KEYCLOAK_VERSION, startKeycloak } from '../start-keycloak.ts'

let folder: string

/** A Maven that writes files into its current folder, prints where, and downloads nothing. */
const failingMaven = `#!/bin/sh
[ "$1" = --version ] && exit 0
mkdir '\${project.basedir}'
echo "$PWD"
exit 1
`
/** A Maven that downloads another file under the name of the distribution. */
const otherMaven = `#!/bin/sh
[ "$1" = --version ] || echo other > keycloak-quarkus-dist-${KEYCLOAK_VERSION}.zip
`
const java = (version: string) => `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`
const program = (name: string, text: string) => writeFile(join(folder, 'bin', name), text, { mode: 0o755 })

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'behalf-keycloak-test-')))
  const programs = join(folder, 'bin')
  await mkdir(programs)
  await program('java', java('17.0.15'))
  await program('mvn', failingMaven)
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

  test('a distribution with another checksum is refused and removed', async () => {
    await program('mvn', otherMaven)
    expect(await startKeycloak(1)).toMatch(/^Maven brings another Keycloak than expected: its SHA-256 is [0-9a-f]{64}$/)
    const [made = ''] = (await readdir(folder)).filter((name) => name !== 'bin')
    expect(await readdir(join(folder, made))).toEqual([])
  })

  test('a Java that is too old is told from one that is missing', async () => {
    await program('java', java('11.0.2'))
    expect(await startKeycloak(1)).toBe('Keycloak needs Java 17 or newer')
  })

  test('what another user laid there is not run', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue((process.getuid?.() ?? 0) + 1)
    expect(await startKeycloak(1)).toMatch(/belongs to another user$/)
  })
})
