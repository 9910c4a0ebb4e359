import type { Part } from '../stage.ts'
import { backgroundWork, endsOfADelegation } from './background.ts'
import { employees } from './enterprise.ts'

/** Further stories. Each is run by its name: `npm run demo -- enterprise`. */
export const stories: Readonly<Record<string, readonly Part[]>> = {
  enterprise: [employees],
  background: [backgroundWork, endsOfADelegation],
}
