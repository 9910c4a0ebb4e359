import { serveAdapter } from '@behalf/testing/contract'
import { agentGraph, subjectWith } from './framework.ts'

serveAdapter(subjectWith(agentGraph))
