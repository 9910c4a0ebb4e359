// `@behalf/core/ciba`: asks a person on their own device.
export {
  type CibaOptions,
  ciba,
} from '../ciba/index.ts'
