// Made from specs/cryptlex.yaml by `npm run types`; not edited by hand.

/**
 * What the documented profile demands. Unknown fields are ignored.
 */
export interface NewUser {
  firstName: string
  lastName?: string | null
  email: string
  role: string
  company?: string | null
  /**
   * Empty means none.
   */
  organizationId?: string | null
  allowCustomerPortalAccess: boolean
  password: string
}
/**
 * Every key is always present, null when unset.
 */
export interface User {
  id: string
  createdAt: string
  updatedAt: string
  /**
   * First and last name.
   */
  name: string
  firstName: string
  lastName: string | null
  email: string
  role: string
  twoFactorEnabled: boolean
  googleSsoEnabled: boolean
  lastLoginAt: string | null
  organizationId: string | null
  organization: Organization | null
  company: string | null
}
export interface Organization {
  /**
   * As the request gave it.
   */
  id: string
  createdAt: string
  updatedAt: string
  name: string
  email: string | null
  description: string | null
  allowedUsers: number
  address: Address | null
}
export interface Address {
  addressLine1: string | null
  addressLine2: string | null
  city: string | null
  state: string | null
  country: string | null
  postalCode: string | null
}
export interface Error {
  message: string
  code: string
}
export interface UserCreatedEvent {
  event: 'reseller.user.created'
  data: User1
  /**
   * When the user was created; the same on every retry.
   */
  triggeredAt: string
}
/**
 * Every key is always present, null when unset.
 */
export interface User1 {
  id: string
  createdAt: string
  updatedAt: string
  /**
   * First and last name.
   */
  name: string
  firstName: string
  lastName: string | null
  email: string
  role: string
  twoFactorEnabled: boolean
  googleSsoEnabled: boolean
  lastLoginAt: string | null
  organizationId: string | null
  organization: Organization | null
  company: string | null
}
