import type { Credential } from '../core/api.ts'
import type { SandboxPort } from './ports.ts'

/**
 * Returns a curl command for each API. Each command creates a user that no API has yet, so it
 * succeeds when pasted. It contains the package's credential if the sandbox accepts it, and
 * placeholders otherwise.
 *
 * @param url the URL of the sandbox
 */
export function curlsFor(
  url: string,
  sandbox: Pick<SandboxPort, 'vendors' | 'store' | 'credentials'>,
): readonly string[] {
  const user = freeName(sandbox)
  return sandbox.vendors.map(({ api: { name, example } }) => {
    const accepted = sandbox.credentials[name]
    const entries = Object.entries(example.credential)
    const isAccepted = entries.every(([part, value]) => accepted?.[part] === value)
    const blanks: Credential = Object.fromEntries(
      entries.map(([part]) => [part, part.toUpperCase()]),
    )
    return example.curl(url, user, isAccepted ? example.credential : blanks)
  })
}

/**
 * Returns the first of the names that no API has as a user name or in an address. If all of them
 * are taken, the names are tried with a number appended.
 */
export function freeName(
  { vendors, store }: Pick<SandboxPort, 'vendors' | 'store'>,
  names: readonly string[] = ['ada'],
): string {
  const isTaken = (name: string) =>
    vendors.some(({ api }) => {
      if (!api.users) return false
      const { table } = api.users
      const users = store.collection(`${api.name}.${table}`)
      return api.tables[table]!.unique.some(
        // the slice names one of its tables
        (field) => users.find(field, name) ?? users.find(field, `${name}@example.test`),
      )
    })
  for (let n = 1; ; n++) {
    const free = names.map((name) => (n === 1 ? name : `${name}${n}`)).find((one) => !isTaken(one))
    if (free !== undefined) return free
  }
}
