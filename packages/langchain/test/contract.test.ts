import { describeAdapter } from '@behalf/testing/contract'
import { agentGraph, handBuiltGraph, subjectWith } from './framework.ts'

describeAdapter('LangChain (createAgent)', subjectWith(agentGraph), {
  worker: new URL('./worker.ts', import.meta.url),
})

describeAdapter('LangGraph (a graph by hand, with the prebuilt ToolNode)', subjectWith(handBuiltGraph))
