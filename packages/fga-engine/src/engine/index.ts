export { createEngine, type EngineOptions } from './create-engine.ts'
export type { FgaEngine } from './engine.ts'
export { explanationText } from './explanation-text.ts'
export type {
  BatchCheckAnswer,
  BatchCheckItem,
  CheckQuestion,
  Circumstances,
  ListObjectsQuestion,
  ListUsersQuestion,
  ReadAnswer,
  ReadQuestion,
  WriteRequest,
} from './questions.ts'
