import type { LedgerEntry } from './contract.gen.ts'

/** A user as one API stores it. */
export interface Account {
  readonly api: string
  readonly id: string
  /** Spelt as the API stores it; absent if the user has none. */
  readonly email?: string
  readonly name: string
  /** Position in the API's table; grows with every user. */
  readonly place: number
}

/** All accounts with one address, in the order of the APIs. */
export type Person = Account[]

/** Groups users by address across APIs and reports the differences. */
export class UserComparison {
  readonly #apis: readonly string[]
  readonly #people = new Map<string, Person>()
  readonly #byName = new Map<string, Account[]>()

  /** @param apis in the order in which users are added */
  constructor(apis: readonly string[]) {
    this.#apis = apis
  }

  add(account: Account): void {
    const { api, id, email, name } = account
    // A user without an address matches no other.
    push(this.#people, email === undefined ? `\0${api}:${id}` : addressKey(email), account)
    if (name !== '') push(this.#byName, name.toLowerCase(), account)
  }

  /** All people, in the order in which their first account was added. */
  get people(): Iterable<Person> {
    return this.#people.values()
  }

  person(email: string): Person | undefined {
    return this.#people.get(addressKey(email))
  }

  /** Returns true if `entry` would report no difference; cheaper than `entry`. */
  isConsistent(person: Person): boolean {
    const [first, ...rest] = person
    return (
      person.length === this.#apis.length &&
      rest.every(
        ({ api, email, name }, i) =>
          api === this.#apis[i + 1] && email === first!.email && name === first!.name,
      )
    )
  }

  /** Reports all differences of a person's accounts; `state` is the most severe. */
  entry(person: Person): LedgerEntry {
    const duplicates = this.#apis.flatMap((api) => duplicatesIn(person, api))
    const missing = this.#apis.filter((api) => !person.some((account) => account.api === api))
    const spellings = [...addressDifferences(person), ...nameDifferences(person)]
    const texts = [...duplicates, ...missing.map((api) => this.#absence(person, api)), ...spellings]
    return {
      email: person[0]?.email ?? '',
      state:
        duplicates.length > 0
          ? 'duplicated'
          : missing.length > 0
            ? 'missing'
            : spellings.length > 0
              ? 'spelt-differently'
              : 'consistent',
      text: texts.length === 0 ? 'the same at all APIs' : texts.join('; '),
      ...(texts.length > 0 ? { differences: texts } : {}),
      ...(missing.length > 0 ? { missing } : {}),
      users: person.map(({ api, id, email, name }) => ({
        api,
        id,
        ...(email === undefined ? {} : { email }),
        ...(name === '' ? {} : { name }),
      })),
    }
  }

  /**
   * Describes that an API lacks the person, and names its user with the same name, if there is one.
   */
  #absence([first]: Person, api: string): string {
    if (first?.email === undefined)
      return `the user of ${first?.api} has no address, so it cannot be found in ${api}`
    const namesake = this.#byName
      .get(first.name.toLowerCase())
      ?.find((account) => account.api === api && account.email !== undefined)
    const suggestion = namesake ? `; its user ${namesake.email} has the same name` : ''
    return `${api} has no ${first.email}${suggestion}`
  }
}

/** Normalises an address: ignores case, whitespace and character width. */
function addressKey(email: string): string {
  return email.normalize('NFKC').replaceAll(/\s/g, '').toLowerCase()
}

function push(map: Map<string, Account[]>, key: string, account: Account): void {
  const accounts = map.get(key)
  if (accounts) accounts.push(account)
  else map.set(key, [account])
}

function duplicatesIn(person: Person, api: string): string[] {
  const accounts = person.filter((account) => account.api === api)
  if (accounts.length < 2) return []
  const list = accounts.map(({ id, email }) => `${id} as ${JSON.stringify(email)}`)
  return [`${api} has the user ${accounts.length} times: ${list.join(', ')}`]
}

function addressDifferences([first, ...rest]: Person): string[] {
  return rest.flatMap(({ api, email }) => {
    if (email === undefined || first?.email === undefined || email === first.email) return []
    const difference =
      email.trim() === first.email.trim()
        ? 'whitespace around it'
        : email.trim().toLowerCase() === first.email.trim().toLowerCase()
          ? 'upper and lower case'
          : 'whitespace inside it or the width of characters'
    return [
      `${api} has the address ${JSON.stringify(email)}, ${first.api} has ${JSON.stringify(first.email)}: they differ in ${difference}`,
    ]
  })
}

function nameDifferences([first, ...rest]: Person): string[] {
  return rest.flatMap(({ api, name }) =>
    name === first!.name
      ? []
      : [`${api} has the name ${name || '(none)'}, ${first!.api} has ${first!.name || '(none)'}`],
  )
}
