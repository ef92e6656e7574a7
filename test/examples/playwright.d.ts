/**
 * As much of `@playwright/test` as its example uses: the package brings browsers along, which this
 * project does not need, so the example is checked against this.
 */
export interface APIRequestContext {
  post(
    url: string,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly data?: unknown },
  ): Promise<{ status(): number }>
}

export interface Test<Fixtures> {
  (title: string, body: (fixtures: Fixtures) => Promise<void>): void
  extend<More>(fixtures: {
    [K in keyof More]: (fixtures: Fixtures, use: (value: More[K]) => Promise<void>) => Promise<void>
  }): Test<Fixtures & More>
}

export const test: Test<{ readonly request: APIRequestContext }>

export function expect<T>(value: T): { toBe(wanted: T): void; toEqual(wanted: T): void }

export function defineConfig(config: {
  readonly fullyParallel?: boolean
  readonly webServer?: {
    readonly command: string
    readonly url: string
    readonly reuseExistingServer?: boolean
  }
}): object
