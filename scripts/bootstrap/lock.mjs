import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { say } from './say.mjs'
import { folder } from './state.mjs'

const file = join(folder, 'lock')

/** Lets one process at a time install. Waits for the other one, and takes over from one that died. */
export async function withLock(work) {
  mkdirSync(folder, { recursive: true })
  let announced = false
  while (!take()) {
    const holder = holderOf(file)
    if (holder !== undefined && !isAlive(holder)) {
      takeAway(holder)
      continue
    }
    if (!announced && holder !== undefined) {
      say(`another run (process ${holder}) is setting up this folder; waiting for it. If there is none, delete ${file}`)
      announced = true
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  process.on('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function take() {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function release() {
  if (holderOf(file) === process.pid) rmSync(file, { force: true })
}

function holderOf(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Removes the lock of a dead holder. If several processes see it, only the one whose rename succeeds removes it. */
function takeAway(dead) {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  // Another process was faster and holds the lock now: restores it.
  if (holderOf(aside) !== dead) renameSync(aside, file)
  else rmSync(aside, { force: true })
}
