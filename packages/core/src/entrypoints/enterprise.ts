// `@behalf/core/enterprise`: Cross App Access, the bridge from an employer's issuer to an API of another domain.

export { type IdJagOptions, idJag } from '../guard/tools/id-jag.ts'
export { type RedeemedToken, type RedeemIdJagOptions, redeemIdJag } from '../token-exchange/redeem-id-jag.ts'
export { type IdJag, type RequestIdJagOptions, requestIdJag } from '../token-exchange/request-id-jag.ts'
