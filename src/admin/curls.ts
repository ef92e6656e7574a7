import type { Credential } from '../core/api.ts'
import type { SandboxPort } from './ports.ts'

/**
 * A curl command for each API that creates a user whom no API has yet, so it works when it is pasted.
 * It contains the package's credential if the sandbox accepts it, and placeholders otherwise.
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

/** A user name that is free at every API, as is its address. */
function freeName({ vendors, store }: Pick<SandboxPort, 'vendors' | 'store'>): string {
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
  let name = 'ada'
  for (let n = 2; isTaken(name); n++) name = `ada${n}`
  return name
}
