import { library } from '../../scripts/tsup-preset.ts'

export default library({ entry: ['src/server/index.ts', 'src/client/index.ts', 'src/v1/index.ts'] })
