import { fileURLToPath } from 'node:url'
import { describeDemo } from '@behalf/example-stock-agent/describe-demo'

describeDemo('Mastra', fileURLToPath(new URL('../src/main.ts', import.meta.url)))
