export {
  createMockOpenFga,
  type MockOpenFga,
  type MockOpenFgaOptions,
  type OpenFgaControls,
  type OpenFgaEndpoint,
} from './create-mock-open-fga.ts'
export type { FgaTuple } from './tuple.ts'
