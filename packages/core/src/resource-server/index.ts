export {
  createResourceServer,
  type Passed,
  type ProtectOptions,
  type Refused,
  type ResourceServer,
  type ResourceServerOptions,
} from './create-resource-server.ts'
