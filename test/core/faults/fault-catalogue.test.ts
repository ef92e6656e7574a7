import { describe, expect, test } from 'vitest'
import type { FaultCatalogue } from '../../../src/admin/contract.gen.ts'
import {
  BODY_FAULTS,
  CONNECTIONS,
  DELIVERY_FAULT_KINDS,
  OUTCOMES,
} from '../../../src/core/fault.ts'
import { APIS, createCaller, type Caller } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'

type Listed = FaultCatalogue['faults']

const listed = async (caller: Caller, query: string): Promise<Listed> =>
  (await caller.get(`/_standin/fault-catalogue?${query}`)).json<FaultCatalogue>().faults

const shortForms = (faults: Listed) => faults.map(({ fault }) => fault.split(/[;=]/)[0]!)

describe('the fault catalogue', () => {
  test.each(APIS)('of %s lists faults that can be armed, each once', async (api) => {
    const caller = createCaller(await createSandbox())
    const faults = await listed(caller, `api=${api}`)
    expect(new Set(faults.map(({ fault }) => fault)).size).toBe(faults.length)
    for (const { fault, text } of faults) {
      const armed = await caller.post('/_standin/faults', { fault, api, times: 1 })
      expect([fault, armed.status]).toEqual([fault, 201])
      expect(text).toMatch(/^[A-Z][^]{8,}[^.]\.?$/)
    }
  })

  test('begins with the common faults', async () => {
    const caller = createCaller(await createSandbox())
    const faults = await listed(caller, 'api=cryptlex&operation=createResellerUser')
    const common = faults.filter((one) => one.common)
    expect(faults.slice(0, common.length)).toEqual(common)
    expect(common.map(({ fault }) => fault)).toContain('commit-500')
  })

  test('has every kind of fault', async () => {
    const caller = createCaller(await createSandbox())
    const all = (await Promise.all(APIS.map((api) => listed(caller, `api=${api}`)))).flat()
    const kinds = new Set(shortForms(all))
    const missing = [...CONNECTIONS, ...BODY_FAULTS, ...OUTCOMES].filter((one) => !kinds.has(one))
    expect(missing).toEqual([])
    const webhooks = new Set(all.map(({ fault }) => fault.replace('webhook=', '')))
    expect(DELIVERY_FAULT_KINDS.filter((kind) => !webhooks.has(kind))).toEqual([])
  })

  test('leaves out faults without an effect on the operation', async () => {
    const caller = createCaller(await createSandbox())
    const create = shortForms(await listed(caller, 'api=cryptlex&operation=createResellerUser'))
    expect(create).toEqual(expect.arrayContaining(['not-stored', 'webhook']))
    expect(create).not.toContain('xml-cdata')
    expect(create).not.toContain('protobuf-unknown')
    const list = shortForms(await listed(caller, 'api=cryptlex&operation=listResellerUsers'))
    for (const one of ['not-stored', 'commit-500', 'webhook']) expect(list).not.toContain(one)
    const mykaarma = shortForms(await listed(caller, 'api=mykaarma'))
    expect(mykaarma).toContain('protobuf-unknown')
    expect(mykaarma).not.toContain('webhook')
    expect(shortForms(await listed(caller, 'api=formsonfire'))).toContain('xml-cdata')
  })

  test('needs a known API and operation', async () => {
    const caller = createCaller(await createSandbox())
    for (const query of ['', 'api=okta', 'api=cryptlex&operation=nope', 'api=none']) {
      expect((await caller.get(`/_standin/fault-catalogue?${query}`)).status).toBe(400)
    }
  })
})
