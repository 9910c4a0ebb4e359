import { afterAll, describe } from 'vitest'
import { place } from '../sqlite-files.ts'
import { guardedProcesses } from './guarded-processes.ts'

describe('guards on one SQLite file', () => {
  const { file, remove } = place()
  afterAll(remove)
  guardedProcesses(() => ({ file }))
})
