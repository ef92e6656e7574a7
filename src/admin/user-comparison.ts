/** A user as one API keeps it. */
export interface Holder {
  readonly api: string
  readonly id: string
  /** As it is written there; absent where the user has none. */
  readonly email?: string
  readonly name: string
  /** Grows with every user of the API. */
  readonly place: number
}

/** Everybody who has one address, in the APIs' order. */
export type Person = Holder[]

export interface LedgerEntry {
  readonly email: string
  readonly state: 'consistent' | 'missing' | 'duplicated' | 'spelt-differently'
  readonly text: string
  readonly missing?: string[]
  readonly users: { api: string; id: string; email?: string; name?: string }[]
}

/** What the same address is, however it is spelt: the case of letters, space, and width aside. */
export function addressKey(email: string): string {
  return email.normalize('NFKC').replaceAll(/\s/g, '').toLowerCase()
}

/** People by their address, as they are come upon. */
export class Ledger {
  readonly #apis: readonly string[]
  readonly #people = new Map<string, Person>()
  readonly #names = new Map<string, Holder[]>()

  /** @param apis in the order in which users are added */
  constructor(apis: readonly string[]) {
    this.#apis = apis
  }

  add(holder: Holder): void {
    // Without an address nobody can be told to be the same as another.
    const key =
      holder.email === undefined ? `\0${holder.api}:${holder.id}` : addressKey(holder.email)
    put(this.#people, key, holder)
    if (holder.name !== '') put(this.#names, holder.name.toLowerCase(), holder)
  }

  /** In the order of each one's first user. */
  get people(): Iterable<Person> {
    return this.#people.values()
  }

  person(email: string): Person | undefined {
    return this.#people.get(addressKey(email))
  }

  /** Whether there is nothing to say; cheaper than saying it. */
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

  /** What there is to say about a person. */
  entry(person: Person): LedgerEntry {
    const [first] = person
    const email = first?.email ?? ''
    const twice = this.#apis.flatMap((api) => duplicates(person, api))
    const missing = this.#apis.filter((api) => !person.some((holder) => holder.api === api))
    const spellings = [...spelling(person), ...naming(person)]
    const texts = [...twice, ...missing.map((api) => this.#lacking(person, api)), ...spellings]
    const state =
      twice.length > 0
        ? 'duplicated'
        : missing.length > 0
          ? 'missing'
          : spellings.length > 0
            ? 'spelt-differently'
            : 'consistent'
    const whole = texts.length === 0 ? 'the same at all APIs' : texts.join('; ')
    return {
      email,
      state,
      text: whole,
      ...(missing.length > 0 ? { missing } : {}),
      users: person.map(({ api, id, email: written, name }) => ({
        api,
        id,
        ...(written === undefined ? {} : { email: written }),
        ...(name === '' ? {} : { name }),
      })),
    }
  }

  /** That an API does not have the person; and whom it has under the same name. */
  #lacking(person: Person, api: string): string {
    const [first] = person
    if (first?.email === undefined)
      return `${first?.api} has no address to find the user by in ${api}`
    const namesake = this.#names
      .get(first.name.toLowerCase())
      ?.find((holder) => holder.api === api && holder.email !== undefined)
    const perhaps = namesake ? `; perhaps it is ${namesake.email}, who has the same name` : ''
    return `${api} has no ${first.email}${perhaps}`
  }
}

function put(map: Map<string, Holder[]>, key: string, holder: Holder): void {
  const held = map.get(key)
  if (held) held.push(holder)
  else map.set(key, [holder])
}

function duplicates(person: Person, api: string): string[] {
  const there = person.filter((holder) => holder.api === api)
  if (there.length < 2) return []
  const list = there.map(({ id, email }) => `${id} as ${JSON.stringify(email)}`)
  return [`${api} has the person ${there.length} times: ${list.join(', ')}`]
}

function spelling(person: Person): string[] {
  const [first, ...rest] = person
  return rest.flatMap(({ api, email }) => {
    if (email === undefined || first?.email === undefined || email === first.email) return []
    const how =
      email.trim() === first.email.trim()
        ? 'space around it'
        : email.trim().toLowerCase() === first.email.trim().toLowerCase()
          ? 'the case of letters'
          : 'how its characters are written'
    return [
      `${api} writes the address ${JSON.stringify(email)}, ${first.api} ${JSON.stringify(first.email)}: ${how}`,
    ]
  })
}

function naming(person: Person): string[] {
  const [first, ...rest] = person
  return rest.flatMap(({ api, name }) =>
    name === first!.name
      ? []
      : [`${api} calls the person ${name || 'nothing'}, ${first!.api} ${first!.name || 'nothing'}`],
  )
}
