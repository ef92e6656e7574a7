import type { Fault, NewFault } from '../admin/contract.gen.ts'
import type { Admin } from './admin.ts'

/** What goes wrong on purpose: docs/faults.md lists all there is. */
export class Faults {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /**
   * Arms one, behind those there are.
   *
   * @param fault its short form, such as `500;times=2`, or a definition
   */
  async add(fault: string | NewFault): Promise<Fault> {
    return await this.#admin.ask('addFault', { body: definitionOf(fault) })
  }

  /** All that are armed, in their order; with `all`, then those that requests brought along. */
  async list({ all = false }: { readonly all?: boolean } = {}): Promise<Fault[]> {
    return (await this.#admin.ask('listFaults', { query: { all } })).faults
  }

  /** Those that are armed and never fired, each with the request that came closest. */
  async unfired(): Promise<Fault[]> {
    return (await this.#admin.ask('listFaults', { query: { unfired: true } })).faults
  }

  /** One, with who met it. */
  async get(id: string): Promise<Fault> {
    return await this.#admin.ask('getFault', { params: { fault: id } })
  }

  /** In its place in the order, and counted anew. */
  async change(id: string, fault: string | NewFault): Promise<Fault> {
    return await this.#admin.ask('putFault', { params: { fault: id }, body: definitionOf(fault) })
  }

  /** Arms these in place of all, or none where one cannot be used. */
  async replace(faults: readonly (string | NewFault)[]): Promise<Fault[]> {
    const body = { faults: faults.map(definitionOf) }
    return (await this.#admin.ask('replaceFaults', { body })).faults
  }

  /** Disarms one; what came of it. */
  async remove(id: string): Promise<Fault> {
    return await this.#admin.ask('deleteFault', { params: { fault: id } })
  }

  /** Disarms all; what came of them. */
  async clear(): Promise<Fault[]> {
    return (await this.#admin.ask('clearFaults')).faults
  }
}

function definitionOf(fault: string | NewFault): NewFault {
  return typeof fault === 'string' ? { fault } : fault
}
