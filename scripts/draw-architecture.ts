import { writeDiagram } from './gates/architecture-diagram.ts'

await writeDiagram()
console.log('docs/architecture.md is drawn.')
