import { serveAdapter } from '@behalf/testing/contract'
import { subject } from './framework.ts'

serveAdapter(subject)
