import { RunStore } from '../../src/runs/run-store.ts'
import { watchEdges } from './edges.ts'

// Each change of a run's state in any test is one of the table. Once in a worker, which keeps its modules.
watchEdges({ RunStore }, () => {})
