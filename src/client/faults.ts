import type { Fault, FaultCatalogue, NewFault } from '../admin/contract.gen.ts'
import type { Admin, ApiName } from './admin.ts'

/** Faults of a sandbox; docs/fault-reference.md lists all kinds. */
export class Faults {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /**
   * Arms a fault; it is tried after the faults that are already armed.
   *
   * @param fault a short form such as `500;times=2`, or a definition
   */
  async add(fault: string | NewFault): Promise<Fault> {
    return await this.#admin.call('addFault', { body: definitionOf(fault) })
  }

  /** Lists the armed faults in their order; `all` includes faults that single requests asked for. */
  async list({ all = false }: { readonly all?: boolean } = {}): Promise<Fault[]> {
    return (await this.#admin.call('listFaults', { query: { all } })).faults
  }

  /** Lists the armed faults that never fired, each with its nearest miss. */
  async unfired(): Promise<Fault[]> {
    return (await this.#admin.call('listFaults', { query: { unfired: true } })).faults
  }

  /** Returns one fault, with the requests for which it fired. */
  async get(id: string): Promise<Fault> {
    return await this.#admin.call('getFault', { params: { fault: id } })
  }

  /** Lists the faults that have an effect at an API, or on one of its operations, in plain words. */
  async catalogue(api: ApiName, operation?: string): Promise<FaultCatalogue['faults']> {
    return (await this.#admin.call('getFaultCatalogue', { query: { api, operation } })).faults
  }

  /** Replaces one fault; it keeps its place in the order, and its counts start at zero. */
  async change(id: string, fault: string | NewFault): Promise<Fault> {
    return await this.#admin.call('putFault', { params: { fault: id }, body: definitionOf(fault) })
  }

  /** Replaces all armed faults; if one is invalid, nothing changes. */
  async replace(faults: readonly (string | NewFault)[]): Promise<Fault[]> {
    const body = { faults: faults.map(definitionOf) }
    return (await this.#admin.call('replaceFaults', { body })).faults
  }

  /** Disarms one fault and returns it with its counts. */
  async remove(id: string): Promise<Fault> {
    return await this.#admin.call('deleteFault', { params: { fault: id } })
  }

  /** Disarms all faults and returns them with their counts. */
  async clear(): Promise<Fault[]> {
    return (await this.#admin.call('clearFaults')).faults
  }
}

function definitionOf(fault: string | NewFault): NewFault {
  return typeof fault === 'string' ? { fault } : fault
}
