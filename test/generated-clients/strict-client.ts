import createClient, { type FetchOptions, type FetchResponse } from 'openapi-fetch'
import type { HttpMethod, PathsWithMethod } from 'openapi-typescript-helpers'

type Call<Paths extends object, Method extends HttpMethod> = <
  Path extends PathsWithMethod<Paths, Method>,
>(
  path: Path,
  options: FetchOptions<Operation<Paths, Path, Method>>,
) => Promise<FetchResponse<Operation<Paths, Path, Method>, object, 'application/json'>>

type Operation<Paths, Path extends keyof Paths, Method> = Paths[Path][Method & keyof Paths[Path]] &
  Record<string | number, unknown>

/**
 * The client of openapi-fetch with parameters that accept no unknown names: the type of its own
 * client is inferred from the given options, so that a misspelt optional field compiles.
 */
export interface StrictClient<Paths extends object> {
  readonly GET: Call<Paths, 'get'>
  readonly POST: Call<Paths, 'post'>
  readonly PUT: Call<Paths, 'put'>
  readonly PATCH: Call<Paths, 'patch'>
  readonly DELETE: Call<Paths, 'delete'>
}

export function createStrictClient<Paths extends object>(
  options: Parameters<typeof createClient>[0],
): StrictClient<Paths> {
  // The same methods; the compiler cannot compare the two while Paths is open.
  return createClient<Paths, 'application/json'>(options) as unknown as StrictClient<Paths>
}
