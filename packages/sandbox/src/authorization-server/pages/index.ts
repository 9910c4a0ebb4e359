export { devicePages } from './device-pages.ts'
export { logoutPages } from './logout-pages.ts'
export { interactionPath, withPages } from './policy.ts'
export { showPages } from './show-pages.ts'
