import type { Difference, Snapshot } from '../admin/contract.gen.ts'
import type { Admin } from './admin.ts'

/** Named snapshots of a sandbox. */
export class Snapshots {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** Saves the whole sandbox; replaces a snapshot with this name. */
  async save(name: string): Promise<Snapshot> {
    return await this.#admin.call('saveSnapshot', { params: { snapshot: name } })
  }

  /** Restores a snapshot in one step. */
  async restore(name: string): Promise<void> {
    await this.#admin.call('restoreSnapshot', { params: { snapshot: name } })
  }

  /** Returns the changes since a snapshot, table by table: up to now, or up to another snapshot. */
  async diff(name: string, other?: string): Promise<Difference> {
    const call = { params: { snapshot: name }, query: { with: other } }
    return await this.#admin.call('diffSnapshot', call)
  }

  /** Lists the snapshots in the order in which they were saved. */
  async list(): Promise<Snapshot[]> {
    return (await this.#admin.call('listSnapshots')).snapshots
  }

  /** Removes a snapshot. */
  async remove(name: string): Promise<Snapshot> {
    return await this.#admin.call('deleteSnapshot', { params: { snapshot: name } })
  }
}
