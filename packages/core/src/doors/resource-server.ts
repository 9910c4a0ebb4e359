// `@behalf/core/resource-server`: the API's half.
export {
  createResourceServer,
  type Passed,
  type ProtectOptions,
  type Refused,
  type ResourceServer,
  type ResourceServerOptions,
} from '../resource-server/index.ts'
