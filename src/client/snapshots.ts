import type { Difference, Snapshot } from '../admin/contract.gen.ts'
import type { Admin } from './admin.ts'

/** The whole of a sandbox, kept under names. */
export class Snapshots {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** Saves the whole sandbox; one of this name is replaced. */
  async save(name: string): Promise<Snapshot> {
    return await this.#admin.ask('saveSnapshot', { params: { snapshot: name } })
  }

  /** Goes back to what was saved, in one step. */
  async restore(name: string): Promise<void> {
    await this.#admin.ask('restoreSnapshot', { params: { snapshot: name } })
  }

  /** What changed since, table by table: until now, or until another was saved. */
  async diff(name: string, other?: string): Promise<Difference> {
    const call = { params: { snapshot: name }, query: { with: other } }
    return await this.#admin.ask('diffSnapshot', call)
  }

  /** What was saved, in that order. */
  async list(): Promise<Snapshot[]> {
    return (await this.#admin.ask('listSnapshots')).snapshots
  }

  /** Forgets one. */
  async remove(name: string): Promise<Snapshot> {
    return await this.#admin.ask('deleteSnapshot', { params: { snapshot: name } })
  }
}
