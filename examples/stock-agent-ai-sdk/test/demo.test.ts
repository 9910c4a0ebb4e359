import { fileURLToPath } from 'node:url'
import { describeDemo } from '@behalf/example-stock-agent/describe-demo'

describeDemo('the AI SDK', fileURLToPath(new URL('../src/main.ts', import.meta.url)))
