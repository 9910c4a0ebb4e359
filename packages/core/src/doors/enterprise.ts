// `@behalf/core/enterprise`: Cross App Access, the bridge from an employer's issuer to an API of another domain.
export {
  type IdJag,
  type IdJagOptions,
  idJag,
  type RedeemedToken,
  type RedeemIdJagOptions,
  type RequestIdJagOptions,
  redeemIdJag,
  requestIdJag,
} from '../token-exchange/index.ts'
