// Connections are refreshed under leases too: what a lease is stands in `lib`.
export { isOutage, Lease } from '../lib/index.ts'
