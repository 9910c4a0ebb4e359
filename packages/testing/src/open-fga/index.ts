export type { FgaTuple } from './create-mock-open-fga.ts'
export {
  createMockOpenFga,
  type MockOpenFga,
  type MockOpenFgaOptions,
  type OpenFgaControls,
  type OpenFgaEndpoint,
} from './create-mock-open-fga.ts'
