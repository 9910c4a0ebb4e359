import { fileURLToPath } from 'node:url'
import { describeDemo } from '@behalf/example-stock-agent/describe-demo'

describeDemo('OpenAI Agents', fileURLToPath(new URL('../src/main.ts', import.meta.url)))
