import { library } from '../../scripts/tsup-preset.ts'

export default library({ entry: ['src/sqlite/index.ts', 'src/postgres/index.ts', 'src/redis/index.ts'] })
