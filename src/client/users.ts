import type { Examples, Seeded, User } from '../admin/contract.gen.ts'
import { allPages, type Admin, type ApiName } from './admin.ts'

export interface UserFilter {
  readonly api?: ApiName
  /** Case-insensitive. */
  readonly email?: string
  /** Maximum number. */
  readonly limit?: number
}

/** Users of a sandbox. */
export class Users {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** Lists users by API, in the order of creation. */
  async list({ limit, ...filter }: UserFilter = {}): Promise<User[]> {
    return await allPages(async (after, most) => {
      const query = { ...filter, after, limit: most }
      const { users, next } = await this.#admin.call('listUsers', { query })
      return { items: users, next }
    }, limit)
  }

  /** Finds the users with this address at all APIs, or at one. */
  async find(email: string, api?: ApiName): Promise<User[]> {
    return await this.list({ email, ...(api === undefined ? {} : { api }) })
  }

  /**
   * Returns one user.
   *
   * @param id as in the API's answer, with or without dashes
   */
  async get(api: ApiName, id: string): Promise<User> {
    return await this.#admin.call('getUser', { params: { api, id } })
  }

  /** Returns a create call for each API, ready to be sent, for a user that no API has yet. */
  async examples(): Promise<Examples['calls']> {
    return (await this.#admin.call('getExamples')).calls
  }

  /** Creates generated users at all APIs, or at these, and returns the number created at each. */
  async seed(users: number, apis?: readonly ApiName[]): Promise<Seeded> {
    return await this.#admin.call('seedUsers', { body: { users, apis } })
  }

  /** Updates a user; fields are named as in a create call, and null removes one. */
  async update(
    api: ApiName,
    id: string,
    changes: Readonly<Record<string, unknown>>,
  ): Promise<User> {
    return await this.#admin.call('updateUser', { params: { api, id }, body: changes })
  }

  /** Removes a user and returns it. */
  async remove(api: ApiName, id: string): Promise<User> {
    return await this.#admin.call('deleteUser', { params: { api, id } })
  }
}
