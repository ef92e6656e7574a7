import type { Seeded, User } from '../admin/contract.gen.ts'
import { all, type Admin, type ApiName } from './admin.ts'

export interface UserFilter {
  readonly api?: ApiName
  /** In any case of letters. */
  readonly email?: string
  /** At most this many. */
  readonly limit?: number
}

/** What was created. */
export class Users {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** API by API, in the order of creation. */
  async list({ limit, ...filter }: UserFilter = {}): Promise<User[]> {
    return await all(async (after, most) => {
      const query = { ...filter, after, limit: most }
      const { users, next } = await this.#admin.ask('listUsers', { query })
      return { items: users, next }
    }, limit)
  }

  /** Who has this address, at each API. */
  async find(email: string, api?: ApiName): Promise<User[]> {
    return await this.list({ email, ...(api === undefined ? {} : { api }) })
  }

  /**
   * One user.
   *
   * @param id as the API answered it, with or without dashes
   */
  async get(api: ApiName, id: string): Promise<User> {
    return await this.#admin.ask('getUser', { params: { api, id } })
  }

  /** Makes up as many people at each API, or at these; how many were created there. */
  async seed(users: number, apis?: readonly ApiName[]): Promise<Seeded> {
    return await this.#admin.ask('seedUsers', { body: { users, apis } })
  }

  /** Changes one: fields as a create call has them; null takes one away. */
  async update(
    api: ApiName,
    id: string,
    changes: Readonly<Record<string, unknown>>,
  ): Promise<User> {
    return await this.#admin.ask('updateUser', { params: { api, id }, body: changes })
  }

  /** Removes one; what it was. */
  async remove(api: ApiName, id: string): Promise<User> {
    return await this.#admin.ask('deleteUser', { params: { api, id } })
  }
}
