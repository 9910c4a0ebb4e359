import { readdirSync } from 'node:fs'
import { library } from '../../scripts/tsup-preset.ts'

const entryPoints = readdirSync('src/entrypoints').map((file) => `src/entrypoints/${file}`)

export default library({ entry: ['src/index.ts', ...entryPoints], bundled: ['zod', 'jose/base64url'] })
