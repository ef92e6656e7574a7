import { faultRequestedInValue } from '../../../src/core/faults/requested-faults.ts'
import { reasonsOf } from '../../../src/core/faults/refusal.ts'
import { APIS, createCaller, creation, named, type Api } from '../../helpers/caller.ts'
import { code, table } from '../../helpers/document.ts'
import type { TestSandbox } from '../../helpers/sandbox.ts'
import { CLIENTS, FAULTS, type Fault, type Report } from './catalogue.ts'

const TITLES: Readonly<Record<Api, string>> = {
  mykaarma: 'myKaarma',
  cryptlex: 'Cryptlex',
  formsonfire: 'Forms On Fire',
}

/** Statuses that clients handle, and two that no vendor uses. */
const STATUSES = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 418, 422, 429, 500, 501, 502]

/** Makes the tables of docs/fault-reference.md, from the answers of a server where possible. */
export async function faultTables(server: TestSandbox): Promise<Readonly<Record<string, string>>> {
  return {
    faults: faultRows(server),
    magic: magicRows(),
    reasons: await reasonRows(server),
    statuses: await statusRows(server),
  }
}

function faultRows(server: TestSandbox): string {
  const created = { yes: 'yes', no: 'no', later: 'later', twice: 'a second time' }
  const rows = FAULTS.map((fault) => [
    code(fault.short),
    fault.happens,
    created[fault.created],
    withinContract(fault, server),
    ...CLIENTS.map((client) => reported(fault.seen[client])),
  ])
  const head = ['Fault', 'What happens', 'User created', 'Within the contract', ...CLIENTS]
  return table(head, rows)
}

const reported = (report: Report) => [report].flat().map(code).join(' or ')

function withinContract({ short }: Fault, { sandbox: { faults } }: TestSandbox): string {
  const breaks = APIS.filter((api) => faults.breaksContract(faults.add({ fault: short, api })))
  faults.clear()
  if (breaks.length === 0) return 'yes'
  if (breaks.length === APIS.length) return 'no'
  return `not at ${breaks.map((api) => TITLES[api]).join(' and ')}`
}

/** Returns the faults whose short form fits into an address, with the address. */
export function magicAddresses(): readonly { short: string; happens: string; address: string }[] {
  return FAULTS.flatMap(({ short, happens }) => {
    const local = `ada+fault.${short.replaceAll(';', '/')}`
    const address = `${local}@example.test`
    // RFC 5321: what an address may have before its @ without quotes.
    const isAddress = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/.test(local)
    return isAddress && faultRequestedInValue(address) === short
      ? [{ short, happens, address }]
      : []
  })
}

function magicRows(): string {
  const rows = magicAddresses().map(({ address, happens }) => [code(address), happens])
  return table(['Address', 'What happens'], rows)
}

async function reasonRows(server: TestSandbox): Promise<string> {
  const known = new Map(
    server.sandbox.vendors.map(({ api }) => [api.name, new Set(reasonsOf(api))] as const),
  )
  const all = [...new Set([...known.values()].flatMap((reasons) => [...reasons]))].toSorted()
  const rows = await rowsFor(all, server, async (reason, api, answered) => {
    if (!known.get(api)!.has(reason)) return ''
    const { status, reason: given } = await answered
    if (given !== reason) throw new Error(`${api} answered ${given} to ${reason}`)
    return status
  })
  return table(['Reason', ...APIS.map((api) => TITLES[api])], rows)
}

async function statusRows(server: TestSandbox): Promise<string> {
  const rows = await rowsFor(STATUSES.map(String), server, async (status, _api, answered) => {
    const { reason, head } = await answered
    if (!head.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`${status} was not answered`)
    return reason === undefined ? 'a gateway' : code(reason)
  })
  return table(['Status', ...APIS.map((api) => TITLES[api])], rows)
}

type Answered = ReturnType<ReturnType<typeof createCaller>['send']>

/** Makes one row per fault with the answer of each API. */
async function rowsFor(
  faults: readonly string[],
  server: TestSandbox,
  cell: (fault: string, api: Api, answered: Answered) => Promise<string | number>,
): Promise<(string | number)[][]> {
  const caller = createCaller(server)
  return await Promise.all(
    faults.map(async (fault) => {
      const cells = APIS.map((api) => {
        const request = creation(api, named(api, 'ada'))
        // With its name, since `internal` alone is not read as a reason.
        const requested = /^\d/.test(fault) ? fault : `reason=${fault}`
        const headers = { ...request.headers, 'Standin-Fault': requested }
        return cell(fault, api, caller.send({ ...request, headers }))
      })
      return [code(fault), ...(await Promise.all(cells))]
    }),
  )
}
