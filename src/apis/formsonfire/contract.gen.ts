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
 * Rules of the documented profile for an update. Fields that are not sent keep their values.
 *
 */
export interface UserUpdate {
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
  Email?: string | null
  /**
   * Id in the caller's own system.
   */
  ExternalId?: string | null
  FirstName?: string | null
  /**
   * Folders of the user.
   */
  Folders?: string[] | null
  /**
   * Groups of the user.
   */
  Groups?: string[] | null
  /**
   * Id of the user, in any form of a GUID.
   */
  Id: string
  /**
   * Second part of the credentials.
   */
  IntegrationKey?: string | null
  LastName?: string | null
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
 * The user to delete. All other fields are ignored.
 */
export interface UserToDelete {
  /**
   * First part of the credentials.
   */
  CompanyId?: number | null
  /**
   * Id of the user, in any form of a GUID.
   */
  Id?: string | null
  /**
   * Second part of the credentials.
   */
  IntegrationKey?: string | null
  [k: string]: unknown
}
/**
 * A success in JSON.
 */
export interface UserCreated {
  User: CreatedUser
  ResponseStatus?: ResponseStatus
}
export interface CreatedUser {
  /**
   * GUID; Standin sends 32 lower-case hex digits without dashes.
   */
  Id: string
  /**
   * Status of the user; Invited after a create. The list of values is open.
   */
  Status: string
}
export interface ResponseStatus {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
export interface ResponseError {
  ErrorCode?: string
  FieldName?: string
  Message?: string
}
export interface CreatedUser1 {
  /**
   * GUID; Standin sends 32 lower-case hex digits without dashes.
   */
  Id: string
  /**
   * Status of the user; Invited after a create. The list of values is open.
   */
  Status: string
}
/**
 * A success in XML.
 */
export interface UserCreatedXml {
  User: CreatedUserXml
  ResponseStatus?: ResponseStatus1
}
export interface CreatedUserXml {
  /**
   * GUID; Standin sends it dashed, in lower case.
   */
  Id: string
  /**
   * Status of the user; Invited after a create. The list of values is open.
   */
  Status: string
}
export interface ResponseStatus1 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
export interface CreatedUserXml1 {
  /**
   * GUID; Standin sends it dashed, in lower case.
   */
  Id: string
  /**
   * Status of the user; Invited after a create. The list of values is open.
   */
  Status: string
}
/**
 * The Id and Status of an updated user in JSON.
 */
export interface UserUpdated {
  User: UpdatedUser
  ResponseStatus?: ResponseStatus2
}
export interface UpdatedUser {
  /**
   * GUID; Standin sends 32 lower-case hex digits without dashes.
   */
  Id: string
  /**
   * Status of the user, which an update does not change.
   */
  Status: string
}
export interface ResponseStatus2 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
export interface UpdatedUser1 {
  /**
   * GUID; Standin sends 32 lower-case hex digits without dashes.
   */
  Id: string
  /**
   * Status of the user, which an update does not change.
   */
  Status: string
}
/**
 * The Id and Status of an updated user in XML.
 */
export interface UserUpdatedXml {
  User: UpdatedUserXml
  ResponseStatus?: ResponseStatus3
}
export interface UpdatedUserXml {
  /**
   * GUID; Standin sends it dashed, in lower case.
   */
  Id: string
  /**
   * Status of the user, which an update does not change.
   */
  Status: string
}
export interface ResponseStatus3 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
export interface UpdatedUserXml1 {
  /**
   * GUID; Standin sends it dashed, in lower case.
   */
  Id: string
  /**
   * Status of the user, which an update does not change.
   */
  Status: string
}
/**
 * One user in JSON.
 */
export interface UserFound {
  User: FoundUser
  ResponseStatus?: ResponseStatus4
}
/**
 * A user as it is returned, without its password and the credentials.
 */
export interface FoundUser {
  ColorCode?: string
  Country?: string
  Email?: string
  ExternalId?: string
  FirstName?: string
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Folders?: string[]
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Groups?: string[]
  /**
   * GUID; Standin sends 32 lower-case hex digits without dashes.
   */
  Id: string
  LastName?: string
  /**
   * The caller's own keys and values.
   */
  Metadata?:
    | {
        Key?: string | null
        Value?: string | null
      }[]
    | null
  Status: string
  TimeZone?: string
  Type?: string
  WebsiteRole?: string
}
export interface ResponseStatus4 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A user as it is returned, without its password and the credentials.
 */
export interface FoundUser1 {
  ColorCode?: string
  Country?: string
  Email?: string
  ExternalId?: string
  FirstName?: string
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Folders?: string[]
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Groups?: string[]
  /**
   * GUID; Standin sends 32 lower-case hex digits without dashes.
   */
  Id: string
  LastName?: string
  /**
   * The caller's own keys and values.
   */
  Metadata?:
    | {
        Key?: string | null
        Value?: string | null
      }[]
    | null
  Status: string
  TimeZone?: string
  Type?: string
  WebsiteRole?: string
}
/**
 * Users in JSON; an empty list where none matches.
 */
export interface UsersFound {
  Users: FoundUser1[]
  ResponseStatus?: ResponseStatus5
}
export interface ResponseStatus5 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A deletion in JSON; Standin sends no member.
 */
export interface UserDeleted {
  User?: FoundUser2
  ResponseStatus?: ResponseStatus6
}
/**
 * A user as it is returned, without its password and the credentials.
 */
export interface FoundUser2 {
  ColorCode?: string
  Country?: string
  Email?: string
  ExternalId?: string
  FirstName?: string
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Folders?: string[]
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Groups?: string[]
  /**
   * GUID; Standin sends 32 lower-case hex digits without dashes.
   */
  Id: string
  LastName?: string
  /**
   * The caller's own keys and values.
   */
  Metadata?:
    | {
        Key?: string | null
        Value?: string | null
      }[]
    | null
  Status: string
  TimeZone?: string
  Type?: string
  WebsiteRole?: string
}
export interface ResponseStatus6 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * One user in XML.
 */
export interface UserFoundXml {
  User: FoundUserXml
  ResponseStatus?: ResponseStatus7
}
/**
 * A user as it is returned, without its password and the credentials.
 */
export interface FoundUserXml {
  ColorCode?: string
  Country?: string
  Email?: string
  ExternalId?: string
  FirstName?: string
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Folders?: string[]
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Groups?: string[]
  /**
   * GUID; Standin sends it dashed, in lower case.
   */
  Id: string
  LastName?: string
  /**
   * The caller's own keys and values.
   */
  Metadata?:
    | {
        Key?: string | null
        Value?: string | null
      }[]
    | null
  Status: string
  TimeZone?: string
  Type?: string
  WebsiteRole?: string
}
export interface ResponseStatus7 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A user as it is returned, without its password and the credentials.
 */
export interface FoundUserXml1 {
  ColorCode?: string
  Country?: string
  Email?: string
  ExternalId?: string
  FirstName?: string
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Folders?: string[]
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Groups?: string[]
  /**
   * GUID; Standin sends it dashed, in lower case.
   */
  Id: string
  LastName?: string
  /**
   * The caller's own keys and values.
   */
  Metadata?:
    | {
        Key?: string | null
        Value?: string | null
      }[]
    | null
  Status: string
  TimeZone?: string
  Type?: string
  WebsiteRole?: string
}
/**
 * Users in XML; an empty list where none matches.
 */
export interface UsersFoundXml {
  Users: FoundUserXml1[]
  ResponseStatus?: ResponseStatus8
}
export interface ResponseStatus8 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A deletion in XML; Standin sends no member.
 */
export interface UserDeletedXml {
  User?: FoundUserXml2
  ResponseStatus?: ResponseStatus9
}
/**
 * A user as it is returned, without its password and the credentials.
 */
export interface FoundUserXml2 {
  ColorCode?: string
  Country?: string
  Email?: string
  ExternalId?: string
  FirstName?: string
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Folders?: string[]
  /**
   * Ids, or names or external ids where a search asks for these.
   */
  Groups?: string[]
  /**
   * GUID; Standin sends it dashed, in lower case.
   */
  Id: string
  LastName?: string
  /**
   * The caller's own keys and values.
   */
  Metadata?:
    | {
        Key?: string | null
        Value?: string | null
      }[]
    | null
  Status: string
  TimeZone?: string
  Type?: string
  WebsiteRole?: string
}
export interface ResponseStatus9 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A refusal in JSON.
 */
export interface UserRefused {
  ResponseStatus: ResponseStatus10
}
export interface ResponseStatus10 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A refusal in XML.
 */
export interface UserRefusedXml {
  ResponseStatus: ResponseStatus11
}
export interface ResponseStatus11 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A refusal of a search in XML.
 */
export interface SearchRefusedXml {
  ResponseStatus: ResponseStatus12
}
export interface ResponseStatus12 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A refusal in JSON of a request that matches no operation.
 */
export interface ErrorResponse {
  ResponseStatus: ResponseStatus13
}
export interface ResponseStatus13 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
/**
 * A refusal in XML of a request that matches no operation.
 */
export interface ErrorResponseXml {
  ResponseStatus: ResponseStatus14
}
export interface ResponseStatus14 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
export interface ResponseStatus15 {
  /**
   * Code of the first field error, or the name of the exception.
   */
  ErrorCode?: string
  Message?: string
  /**
   * One entry for each invalid field; empty if there is none.
   */
  Errors?: ResponseError[]
}
export interface Fixtures {
  companies?: {
    companyId: number
    keys: {
      integrationKey: string
      /**
       * `full` where none is given; requests with a limited key are refused.
       */
      access?: 'full' | 'limited'
    }[]
  }[]
  /**
   * Entries that a user can have; a request names them by id, name or the caller's own id.
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
   * Entries that a user can have; a request names them by id, name or the caller's own id.
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
