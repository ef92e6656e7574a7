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
/**
 * A webhook to be made. Unknown fields are ignored.
 */
export interface NewWebhook {
  name: string
  url: string
  /**
   * What deliveries are signed with.
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
 * What is left out stays as it is.
 */
export interface WebhookChanges {
  name?: string
  url?: string
  /**
   * What deliveries are signed with.
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
 * A webhook with its token, as it is shown once.
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
   * What deliveries are signed with.
   */
  token: string
}
/**
 * One attempt at telling a webhook of an event.
 */
export interface WebhookEventLog {
  id: string
  /**
   * When the event was.
   */
  createdAt: string
  updatedAt: string
  webhookId: string
  event: string
  url: string
  /**
   * null where none came.
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
export interface UserUpdatedEvent {
  event: 'reseller.user.updated'
  data: User2
  /**
   * When it was updated; the same on every retry.
   */
  triggeredAt: string
}
/**
 * Every key is always present, null when unset.
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
   * When it was deleted; the same on every retry.
   */
  triggeredAt: string
}
/**
 * Every key is always present, null when unset.
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
     * Whether signatures are checked; false accepts JWTs signed elsewhere.
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
    allowedUsers?: number
  }[]
  organizations?: {
    id: string
    resellerId: string
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
