import { library } from '../../scripts/tsup-preset.ts'

export default library({
  entry: [
    'src/index.ts',
    'src/authorization-server/shared-parts.ts',
    'src/contract/index.ts',
    'src/late-reads/index.ts',
    'src/requirements.ts',
  ],
})
