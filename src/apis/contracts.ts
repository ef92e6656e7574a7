import { resolve } from 'node:path'
import type { ApiPart } from '../core/context.ts'
import { Contract } from '../core/contract/contract.ts'
import type { Complete } from '../core/contract/openapi.ts'
import { readYaml } from '../core/contract/yaml.ts'
import type { Vendor } from '../core/vendor.ts'
import { packaged } from '../package.ts'
import { namesOf, VENDORS } from './index.ts'

/**
 * Compiled contracts by file. Contracts do not change while a process runs, so its servers share
 * them.
 */
const contracts = new Map<string, Contract>()

/**
 * Returns a vendor with its contract.
 *
 * @throws Error naming the file and what is wrong in it
 */
export function vendorPart(api: Vendor): ApiPart<Vendor> {
  return { api, contract: contractAt(api.spec) }
}

/**
 * Returns the contract of the admin API, completed for these vendors. Throws as `vendorPart` does.
 */
export function adminContract(vendors: readonly Vendor[] = VENDORS): Contract {
  return contractAt('standin.yaml', namesOf(vendors).join(), completedFor(vendors))
}

/**
 * Returns the OpenAPI document of one of these vendors or of the admin API; undefined for another
 * name.
 */
export function documentOf(
  name: string,
  vendors: readonly Vendor[] = VENDORS,
): Readonly<Record<string, unknown>> | undefined {
  const complete = name === 'standin' ? completedFor(vendors) : (document: unknown) => document
  const spec = name === 'standin' ? 'standin.yaml' : vendors.find((one) => one.name === name)?.spec
  if (spec === undefined) return undefined
  // The file is a valid document: the server has read it at its start.
  return complete(readYaml(resolve(packaged('specs'), spec))) as Readonly<Record<string, unknown>>
}

function contractAt(spec: string, variant = '', complete?: Complete): Contract {
  const file = resolve(packaged('specs'), spec)
  const key = `${file} ${variant}`
  const contract = contracts.get(key) ?? new Contract(file, complete)
  contracts.set(key, contract)
  return contract
}

/**
 * Completes the admin API's contract with the vendors' names and their schemas of fixtures and
 * credentials.
 */
export function completedFor(vendors: readonly Vendor[]): Complete {
  const names = namesOf(vendors)
  const byName = (schemaOf: (vendor: Vendor) => object) => ({
    additionalProperties: false,
    properties: Object.fromEntries(vendors.map((vendor) => [vendor.name, schemaOf(vendor)])),
  })
  const left: Readonly<Record<string, object>> = {
    ApiName: { enum: names },
    ApiNameOrNone: { enum: [...names, 'none'] },
    Fixtures: byName(({ fixturesSchema }) => fixturesSchema),
    Credentials: byName(({ credentialSchema }) => credentialSchema),
  }
  return (document) => {
    const { components } = document as { components: { schemas: Record<string, object> } } // the package's own
    for (const [name, members] of Object.entries(left))
      Object.assign(components.schemas[name]!, members)
    return document
  }
}
