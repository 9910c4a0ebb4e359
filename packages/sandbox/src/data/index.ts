export { openData, type SandboxData } from './open-data.ts'
export type { Shelf } from './shelf.ts'
