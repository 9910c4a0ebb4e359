// `@behalf/core/fga`: permissions asked of an OpenFGA server.
export {
  allowPlainHttp,
  type Consistency,
  type OpenFgaCredentials,
  type OpenFgaOptions,
  openFga,
  type Relations,
} from '../fga/index.ts'
