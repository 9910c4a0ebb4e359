import { readdirSync } from 'node:fs'
import { library } from '../../scripts/tsup-preset.ts'

const doors = readdirSync('src/doors').map((file) => `src/doors/${file}`)

export default library({ entry: ['src/index.ts', ...doors], bundled: ['zod', 'jose/base64url'] })
