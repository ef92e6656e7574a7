// Generated from specs/cryptlex.yaml by `npm run generate`. Do not edit.

/**
 * Rules of the documented profile. Unknown fields are ignored.
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
 * Fields to change; fields that are not sent keep their values. Unknown fields are ignored, and so is `password`.
 */
export interface UserChanges {
  firstName?: string
  lastName?: string | null
  email?: string
  role?: string
  company?: string | null
  /**
   * Empty means none.
   */
  organizationId?: string | null
  allowCustomerPortalAccess?: boolean
}
/**
 * All keys are always present; unset ones are null.
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
   * Value that the request sent.
   */
  id: string
  createdAt: string
  updatedAt: string
  name: string
  email: string | null
  description: string | null
  /**
   * -1 means unlimited.
   */
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
/**
 * A webhook to create. Unknown fields are ignored.
 */
export interface NewWebhook {
  name: string
  url: string
  /**
   * Secret that signs deliveries.
   */
  token?: string
  active?: boolean
  /**
   * @minItems 1
   * @maxItems 100
   */
  events: [string, ...string[]]
}
/**
 * Omitted fields stay unchanged.
 */
export interface WebhookChanges {
  name?: string
  url?: string
  /**
   * Secret that signs deliveries.
   */
  token?: string
  active?: boolean
  /**
   * @minItems 1
   * @maxItems 100
   */
  events?: [string, ...string[]]
}
/**
 * A webhook, without its token.
 */
export interface Webhook {
  id: string
  createdAt: string
  updatedAt: string
  name: string
  url: string
  active: boolean
  events: string[]
  status: 'Healthy' | 'Unhealthy' | 'Suspended'
}
/**
 * A webhook with its token, which is shown only once.
 */
export interface NewlyMadeWebhook {
  id: string
  createdAt: string
  updatedAt: string
  name: string
  url: string
  active: boolean
  events: string[]
  status: 'Healthy' | 'Unhealthy' | 'Suspended'
  /**
   * Secret that signs deliveries.
   */
  token: string
}
/**
 * One attempt to deliver an event to a webhook.
 */
export interface WebhookEventLog {
  id: string
  /**
   * Time of the event.
   */
  createdAt: string
  updatedAt: string
  webhookId: string
  event: string
  url: string
  /**
   * null if there was none.
   */
  statusCode: number | null
  requestSentAt: string
  responseReceivedAt: string | null
  /**
   * null for the first attempt.
   */
  retryReason: string | null
  attempt: number
}
export interface Error {
  message: string
  code: string
}
export interface UserCreatedEvent {
  event: 'reseller.user.created'
  data: User1
  /**
   * Time at which the user was created; the same on every retry.
   */
  triggeredAt: string
}
/**
 * All keys are always present; unset ones are null.
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
export interface UserUpdatedEvent {
  event: 'reseller.user.updated'
  data: User2
  /**
   * Time at which the user was updated; the same on every retry.
   */
  triggeredAt: string
}
/**
 * All keys are always present; unset ones are null.
 */
export interface User2 {
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
export interface UserDeletedEvent {
  event: 'reseller.user.deleted'
  data: User3
  /**
   * Time at which the user was deleted; the same on every retry.
   */
  triggeredAt: string
}
/**
 * All keys are always present; unset ones are null.
 */
export interface User3 {
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
export interface Fixtures {
  signing?: {
    /**
     * The key of HS256, at least 32 bytes of UTF-8.
     */
    secret?: string
    /**
     * Public keys of RS256 and ES256.
     */
    keys?: {
      kty: string
    }[]
    /**
     * True to check signatures; false accepts JWTs signed elsewhere.
     */
    verify?: boolean
  }
  /**
   * Personal access tokens that are not JWTs.
   */
  tokens?: {
    token: string
    scopes: string[]
    revoked?: boolean
    expiresAt?: string
  }[]
  resellers?: {
    id: string
    /**
     * Maximum number of users; -1 means unlimited.
     */
    allowedUsers?: number
  }[]
  organizations?: {
    id: string
    resellerId: string
    /**
     * Maximum number of users; -1 means unlimited.
     */
    allowedUsers?: number
  }[]
  /**
   * Custom roles, besides the reserved ones.
   */
  roles?: string[]
  /**
   * Each as a create call would send it, with its `resellerId`.
   */
  users?: {
    resellerId: string
  }[]
  /**
   * @maxItems 99
   */
  webhooks?: {
    name?: string
    url: string
    token?: string
    previousToken?: string
    active?: boolean
    events: string[]
    scheme?: 'plain' | 'standard' | 'both'
  }[]
}
