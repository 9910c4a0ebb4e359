import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { bringOnce } from '../bring-once.ts'
import { startGlewlwyd } from '../start-glewlwyd.ts'
import { startSpring } from '../start-spring.ts'

let folder: string
const program = (name: string, text: string) =>
  writeFile(join(folder, 'bin', name), `#!/bin/sh\n${text}`, { mode: 0o755 })
const made = async (name: string) => readdir(join(folder, name))

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'behalf-servers-test-')))
  await mkdir(join(folder, 'bin'))
  vi.stubEnv('PATH', `${join(folder, 'bin')}${delimiter}${process.env.PATH}`)
  vi.stubEnv('TMPDIR', folder)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

describe.skipIf(process.platform === 'win32')('what is brought', () => {
  test('a package of Glewlwyd with another checksum is refused, and nothing is kept', async () => {
    const name = 'glewlwyd_2.7.5-3+deb12u1_amd64.deb'
    await program(
      'apt-get',
      `for a in "$@"; do case $a in Dir::Cache=*) echo other > "\${a#*=}/archives/${name}";; esac; done`,
    )
    expect(await startGlewlwyd(1)).toMatch(/^glewlwyd_\S+ has another checksum, [0-9a-f]{64}$/)
    expect(await made('behalf-glewlwyd-2.7.5')).toEqual([])
  })

  test('an apt that does not know the package says so', async () => {
    await program('apt-get', 'echo "E: no such package"; exit 100')
    expect(await startGlewlwyd(1)).toBe('apt does not bring Glewlwyd, a package of Debian 12: E: no such package')
  })

  test('another jar than the pinned ones is refused, and nothing is kept', async () => {
    await program('javac', 'echo javac 17.0.15')
    await program(
      'mvn',
      `for a in "$@"; do case $a in -DoutputDirectory=*) mkdir -p "\${a#*=}"; echo x > "\${a#*=}/x.jar";; esac; done`,
    )
    expect(await startSpring(1)).toMatch(/^Maven brought other files, with the checksum [0-9a-f]{64}$/)
    expect(await made('behalf-spring-7.0.6')).toEqual([])
  })

  test('a JDK that is too old is named', async () => {
    await program('javac', 'echo javac 11.0.2')
    expect(await startSpring(1)).toBe('there is no JDK 17 to run Spring with')
  })

  test('files that were brought completely are not brought again', async () => {
    const bring = vi.fn(async (into: string) => void (await writeFile(join(into, 'file'), '')))
    const home = join(folder, 'home')
    expect([await bringOnce(home, 'done', bring), await bringOnce(home, 'done', bring)]).toEqual([undefined, undefined])
    expect(bring).toHaveBeenCalledTimes(1)
    expect(await made('home/done')).toEqual(['file'])
  })
})
