// Generated from specs/mykaarma.yaml by `npm run generate`. Do not edit.

/**
 * Rules of the documented profile. The page marks no field as required; unknown fields are ignored.
 */
export interface NewUser {
  /**
   * Dealer (rooftop) of the user; the caller must have access to it.
   */
  dealerUUID?: string | null
  firstName?: string | null
  lastName?: string | null
  emailAddress?: string | null
  /**
   * Login name.
   */
  username?: string | null
  password?: string | null
  /**
   * Id of the person in the dealer's DMS.
   */
  dmsID?: string | null
  phone?: string | null
  textNumber?: string | null
  /**
   * Role of the dealer associate.
   */
  roleUUID?: string | null
  /**
   * Department in which the user becomes a dealer associate.
   */
  departmentUUID?: string | null
  /**
   * True to create an invite.
   */
  userInvite?: boolean | null
  /**
   * True to send the invite by e-mail.
   */
  sendEmail?: boolean | null
  /**
   * True to send the invite by text message.
   */
  sendText?: boolean | null
  userInviteEmailTemplate?: 'SIMPLE' | 'SSO' | null
  imageUrl?: string | null
  ssoFeatureEnabled?: boolean | null
  bio?: string | null
  mfaFeatureEnabled?: boolean | null
  nickName?: string | null
}
/**
 * Fields of an update. Fields that are absent or null keep their values.
 */
export interface UserChanges {
  firstName?: string | null
  lastName?: string | null
  emailAddress?: string | null
  username?: string | null
  phone?: string | null
  textNumber?: string | null
  imageUrl?: string | null
  bio?: string | null
}
export interface DealerUsersResponse {
  /**
   * Empty in each success that Standin answers.
   */
  errors: ApiError[]
  warnings: ApiWarning[]
  /**
   * Id of this request; Standin sends a dashed lower-case version 4 UUID.
   */
  apiRequestId: string
  /**
   * In the order of their creation.
   */
  users: DealerUser[]
}
export interface ApiError {
  /**
   * A six-digit number. The vendor's list is not public; branch on the HTTP status first.
   */
  errorCode: number
  errorTitle: string
  errorMessage: string
}
export interface ApiWarning {
  warningCode: number
  warningTitle: string
  warningMessage: string
}
/**
 * A user as a list shows it. Some fields are spelt otherwise than in the create call.
 */
export interface DealerUser {
  /**
   * firstName of the user
   */
  firstName: string | null
  lastName: string | null
  /**
   * username of the user
   */
  userName: string | null
  /**
   * emailAddress of the user
   */
  email: string | null
  phone: string | null
  textNumber: string | null
  nickName: string | null
  /**
   * Id of the user.
   */
  uuid: string
  /**
   * Null in Standin.
   */
  passwordExpires: string | null
  /**
   * False in Standin.
   */
  forcePasswordChange: boolean
  /**
   * PENDING for a user with an invite, INACTIVE for others.
   */
  latestInviteStatus: string | null
  /**
   * Time of creation of a user with an invite.
   */
  latestInviteDate: string | null
  /**
   * Null in Standin.
   */
  latestInviteUUID: string | null
  /**
   * True in Standin, which deactivates no user.
   */
  isValid: boolean
  /**
   * Null in Standin.
   */
  lastLoginTimestamp: string | null
  /**
   * Null in Standin.
   */
  userRolloutStage: string | null
}
export interface CreateUserResponse {
  /**
   * Empty in each success that Standin answers.
   */
  errors: ApiError[]
  warnings: ApiWarning[]
  /**
   * Id of this request; Standin sends a dashed lower-case version 4 UUID.
   */
  apiRequestId: string
  /**
   * Id of the new user; Standin sends a dashed lower-case version 4 UUID.
   */
  userUuid: string
}
/**
 * The envelope of a refusal: that of a success without `userUuid`.
 */
export interface ErrorResponse {
  /**
   * One entry for each error.
   */
  errors: ApiError[]
  warnings: ApiWarning[]
  /**
   * Id of this request; Standin sends a dashed lower-case version 4 UUID.
   */
  apiRequestId: string
}
export interface Fixtures {
  subscribers?: {
    username: string
    password: string
    scopes: string[]
    disabled?: boolean
    /**
     * Dealers whose users it may create, change and list; all where none is given.
     */
    dealers?: string[]
  }[]
  dealers?: {
    uuid: string
    departments: string[]
  }[]
  roles?: {
    uuid: string
    name: string
  }[]
  /**
   * Each as a create call would send it.
   */
  users?: {}[]
}
