import { describeAdapter } from '@behalf/testing/contract'
import { subject } from './framework.ts'

describeAdapter('MCP', subject, { worker: new URL('./worker.ts', import.meta.url) })
