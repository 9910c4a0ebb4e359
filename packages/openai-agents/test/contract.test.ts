import { describeAdapter } from '@behalf/testing/contract'
import { subject } from './framework.ts'

describeAdapter('OpenAI Agents', subject, { worker: new URL('./worker.ts', import.meta.url) })
