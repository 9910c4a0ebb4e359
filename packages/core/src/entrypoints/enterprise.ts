// `@behalf/core/enterprise`: Cross App Access, the bridge from an employer's issuer to an API of another domain.

export { type IdJagOptions, idJag } from '../token-exchange/id-jag-route.ts'
export { type RedeemedToken, type RedeemIdJagOptions, redeemIdJag } from '../token-exchange/redeem-id-jag.ts'
export { type IdJag, type RequestIdJagOptions, requestIdJag } from '../token-exchange/request-id-jag.ts'
