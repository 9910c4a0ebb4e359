import { readdirSync } from 'node:fs'
import { library } from '../../scripts/tsup-preset.ts'

const doors = readdirSync('src/entrypoints').map((file) => `src/entrypoints/${file}`)

export default library({ entry: ['src/index.ts', ...doors], bundled: ['zod', 'jose/base64url'] })
