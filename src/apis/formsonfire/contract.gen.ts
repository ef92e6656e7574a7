// Generated from specs/formsonfire.yaml by `npm run generate`. Do not edit.

/**
 * Rules of the documented profile. Unknown members are ignored. The members are in the ordinal
 * order that XML needs. Missing credentials are a 401, so they are not required here.
 *
 */
export interface User {
  /**
   * HTML colour for the user.
   */
  ColorCode?: string | null
  /**
   * First part of the credentials.
   */
  CompanyId?: number | null
  Country?: string | null
  /**
   * True to suppress the invitation e-mail.
   */
  DoNotEmail?: boolean | null
  Email: string
  /**
   * Id in the caller's own system.
   */
  ExternalId?: string | null
  FirstName: string
  /**
   * Folders of the user.
   */
  Folders?: string[] | null
  /**
   * Groups of the user.
   */
  Groups?: string[] | null
  /**
   * Set by the server; ignored in a request.
   */
  Id?: string | null
  /**
   * Second part of the credentials.
   */
  IntegrationKey?: string | null
  LastName: string
  /**
   * The caller's own keys and values.
   */
  Metadata?:
    | {
        Key?: string | null
        Value?: string | null
      }[]
    | null
  Password?: string | null
  /**
   * Set by the server; ignored in a request.
   */
  Status?: string | null
  TimeZone?: string | null
  Type?: string | null
  /**
   * True if Folders and Groups contain external ids.
   */
  UseExternalIds?: boolean | null
  /**
   * True if Folders and Groups contain names.
   */
  UseNames?: boolean | null
  WebsiteRole?: string | null
}
/**
 * A success in JSON.
 */
export interface UserCreated {
  User: CreatedUser
}
export interface CreatedUser {
  /**
   * GUID as 32 lower-case hex digits without dashes.
   */
  Id: string
  Status: 'Invited'
}
export interface CreatedUser1 {
  /**
   * GUID as 32 lower-case hex digits without dashes.
   */
  Id: string
  Status: 'Invited'
}
/**
 * A success in XML.
 */
export interface UserCreatedXml {
  User: CreatedUserXml
}
export interface CreatedUserXml {
  /**
   * Dashed lower-case GUID.
   */
  Id: string
  Status: 'Invited'
}
export interface CreatedUserXml1 {
  /**
   * Dashed lower-case GUID.
   */
  Id: string
  Status: 'Invited'
}
/**
 * A refusal in JSON.
 */
export interface UserRefused {
  ResponseStatus: ResponseStatus
}
export interface ResponseStatus {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode: string
  Message: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors: ResponseError[]
}
export interface ResponseError {
  ErrorCode: string
  FieldName: string
  Message: string
}
/**
 * A refusal in XML.
 */
export interface UserRefusedXml {
  ResponseStatus: ResponseStatus1
}
export interface ResponseStatus1 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode: string
  Message: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors: ResponseError[]
}
/**
 * A refusal in JSON of a request that matches no operation.
 */
export interface ErrorResponse {
  ResponseStatus: ResponseStatus2
}
export interface ResponseStatus2 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode: string
  Message: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors: ResponseError[]
}
/**
 * A refusal in XML of a request that matches no operation.
 */
export interface ErrorResponseXml {
  ResponseStatus: ResponseStatus3
}
export interface ResponseStatus3 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode: string
  Message: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors: ResponseError[]
}
export interface ResponseStatus4 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode: string
  Message: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors: ResponseError[]
}
export interface Fixtures {
  companies?: {
    companyId: number
    keys: {
      integrationKey: string
      /**
       * `full` where none is given; a limited key may not create users.
       */
      access?: 'full' | 'limited'
    }[]
  }[]
  /**
   * What a user can be given; a request names it by id, name or the caller's own id.
   */
  folders?: {
    id: string
    name: string
    /**
     * The caller's own id.
     */
    externalId?: string
  }[]
  /**
   * What a user can be given; a request names it by id, name or the caller's own id.
   */
  groups?: {
    id: string
    name: string
    /**
     * The caller's own id.
     */
    externalId?: string
  }[]
  /**
   * Each as a create call would send it, with its `CompanyId`.
   */
  users?: {
    CompanyId: number
  }[]
}
