// Made from specs/standin.yaml by `npm run types`; not edited by hand.

/**
 * Fits into a path and into a host name.
 */
export type Name = string
/**
 * A number and ms, s, m, h or d.
 */
export type Duration = string
/**
 * `documented` or `strict`, with exceptions such as `documented,cryptlex=strict`.
 */
export type Profile = string

export interface Health {
  status: 'ok'
  version: string
  apis: string[]
}
export interface Readiness {
  status: 'ready'
  version: string
  /**
   * How many there are.
   */
  sandboxes: number
  /**
   * Whether the disk took the last change that it was given.
   */
  store: 'ok' | 'failing'
}
/**
 * A refusal, after RFC 9457.
 */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  reason: string
}
export interface NewSandbox {
  name?: Name
  seed?: number
  /**
   * Hold the clock still at this time.
   */
  clock?: string
  profile?: Profile
  fixtures?: Fixtures
  /**
   * Remove it this long after it was last used, by the machine's time.
   */
  ttl?: string
  /**
   * Whether it outlives the server, as `default` does; only where that keeps state.
   */
  kept?: boolean
}
/**
 * What a fresh sandbox knows; a key that is left out is as the package has it.
 */
export interface Fixtures {
  mykaarma?: {
    subscribers?: {
      username: string
      password: string
      scopes: string[]
      disabled?: boolean
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
  cryptlex?: {
    signing?: {
      secret?: string
      keys?: {
        kty: string
      }[]
      verify?: boolean
    }
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
    roles?: string[]
    /**
     * Each as a create call would send it, with its `resellerId`.
     */
    users?: {
      resellerId: string
    }[]
  }
  formsonfire?: {
    companies?: {
      companyId: number
      keys: {
        integrationKey: string
        access?: 'full' | 'limited'
      }[]
    }[]
    folders?: Named[]
    groups?: Named[]
    /**
     * Each as a create call would send it, with its `CompanyId`.
     */
    users?: {
      CompanyId: number
    }[]
  }
}
export interface Named {
  id: string
  name: string
  externalId?: string
}
export interface Sandbox {
  name: string
  /**
   * What a client's base URL ends in; empty for `default`.
   */
  prefix: string
  seed: number
  profile: string
  kept: boolean
  createdAt: string
  /**
   * When it goes if nobody uses it.
   */
  expiresAt?: string
  /**
   * How many there are, by API.
   */
  users: {
    [k: string]: number
  }
}
export interface SandboxList {
  sandboxes: Sandbox[]
}
export interface User {
  api: string
  id: string
  email?: string
  /**
   * As the sandbox keeps it; never a password or a key.
   */
  user: {}
}
export interface UserPage {
  users: User[]
  /**
   * How many there are in all pages.
   */
  total: number
  /**
   * For `after`; absent on the last page.
   */
  next?: string
}
export interface Seeding {
  /**
   * At each API.
   */
  users: number
  apis?: ('mykaarma' | 'cryptlex' | 'formsonfire')[]
}
export interface Seeded {
  [k: string]: number
}
/**
 * One key per API with its tables; `standin` holds what is no API's. Rows are looked at one by
 * one, up to the first that is wrong.
 *
 */
export interface State {
  standin?: {
    format?: number
    counters?: {}
    settings?: {}
  }
  [k: string]:
    | {
        [k: string]: unknown[]
      }
    | {
        format?: number
        counters?: {}
        settings?: {}
      }
    | undefined
}
export interface Snapshot {
  name: string
  savedAt: string
  users: {
    [k: string]: number
  }
}
export interface SnapshotList {
  snapshots: Snapshot[]
}
/**
 * By table, such as `cryptlex.users`; tables without a change are left out.
 */
export interface Difference {
  [k: string]: {
    added: {}[]
    removed: {}[]
    changed: {
      before: {}
      after: {}
    }[]
  }
}
export interface ClockState {
  now: string
  /**
   * Whether it stands still.
   */
  held: boolean
}
export interface ClockSetting {
  now?: string
  held?: boolean
}
export interface ClockAdvance {
  by: Duration
}
