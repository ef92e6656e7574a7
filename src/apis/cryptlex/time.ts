/**
 * Public: ISO 8601 in UTC with seven fraction digits, as .NET writes it.
 *
 * @param ms milliseconds since 1970
 * @param ticks of 100 ns after that, 0 to 9999
 */
export function timestamp(ms: number, ticks: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}${String(ticks).padStart(4, '0')}Z`
}
