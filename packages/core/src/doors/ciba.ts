// `@behalf/core/ciba`: asks a person on their own device.
export {
  type BackchannelHint,
  type CibaOptions,
  ciba,
  type HintOf,
  type SignRequestOptions,
} from '../ciba/index.ts'
