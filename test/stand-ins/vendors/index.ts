import type { OwnVendor, Vendor } from './vendor.js'

/** One line a vendor; the contract test finds them by kind. */
export const vendors: readonly (Vendor | OwnVendor)[] = []
