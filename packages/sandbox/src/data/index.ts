export { openData, type SandboxData } from './open-data.ts'
export type { ServerStorage } from './server-storage.ts'
