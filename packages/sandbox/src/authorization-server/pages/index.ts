export { devicePages } from './device-pages.ts'
<<<<<<< HEAD
export { logoutPages } from './logout-pages.ts'
=======
export { DEVICE_PATH, limitCodes } from './limit-codes.ts'
>>>>>>> 4199f3ff (fix(sandbox): count guesses of device codes, and take an empty list of details as none)
export { interactionPath, withPages } from './policy.ts'
export { showPages } from './show-pages.ts'
