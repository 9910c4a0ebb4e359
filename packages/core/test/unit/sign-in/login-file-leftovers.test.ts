import { chmod, mkdir, mkdtemp, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loginFile } from '../../../src/sign-in/device-login/device-login.node.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const isLogin = (name: string) => name.startsWith('login.json')

async function files() {
  const folder = await mkdtemp(join(tmpdir(), 'behalf-file-'))
  return { folder, own: join(folder, 'trader'), file: loginFile('trader', folder) }
}

describe('the file of a login', () => {
  test('a token that a killed writer left beside it is removed by the next write and by the removal', async () => {
    const { own, file } = await files()
    await file.write(bytes('one'))
    const leave = () => writeFile(join(own, `login.json.${crypto.randomUUID()}`), 'a refresh token', { mode: 0o600 })
    await leave()
    await leave()
    await file.write(bytes('two'))
    expect((await readdir(own)).filter(isLogin)).toEqual(['login.json'])
    await leave()
    await file.remove()
    expect((await readdir(own)).filter(isLogin)).toEqual([])
    await leave()
    await file.remove()
    expect((await readdir(own)).filter(isLogin)).toEqual([])
  })

  test('only files of its own writers are removed beside it', async () => {
    const { own, file } = await files()
    await file.write(bytes('one'))
    for (const name of ['login.json.backup', 'notes.txt']) await writeFile(join(own, name), 'mine')
    await file.remove()
    expect((await readdir(own)).sort()).toEqual(['login.json.backup', 'notes.txt'])
  })

  test('a symbolic link in place of its folder is refused, and the folder that it names keeps its mode', async () => {
    const { folder, own, file } = await files()
    const elsewhere = join(folder, 'shared')
    await mkdir(elsewhere)
    await chmod(elsewhere, 0o755)
    await symlink(elsewhere, own)
    const refused = { code: 'ERR_CONFIGURATION', message: expect.stringContaining(own) }
    await expect(file.write(bytes('one'))).rejects.toMatchObject(refused)
    await expect(file.briefly(async () => {})).rejects.toMatchObject(refused)
    await expect(file.alone(AbortSignal.timeout(5_000), async () => {})).rejects.toMatchObject(refused)
    expect(((await stat(elsewhere)).mode & 0o777).toString(8)).toBe('755')
    expect(await readdir(elsewhere)).toEqual([])
  })

  test('a file that another takes the place of while it is read is judged by what was opened', async () => {
    const { own, file } = await files()
    await file.write(bytes('mine'))
    const other = join(own, 'other')
    await writeFile(other, 'open to others')
    await chmod(other, 0o644)
    for (let round = 0; round < 50; round++) {
      const reading = file.read().then(
        (found) => found && new TextDecoder().decode(found),
        () => 'refused',
      )
      await rename(other, file.path)
      expect(['mine', 'refused']).toContain(await reading)
      await writeFile(other, await readFile(file.path))
      await chmod(other, 0o644)
      await file.write(bytes('mine'))
    }
  })
})
