type Stop = () => Promise<void>

/** Jest loads setup and teardown separately, in the same process. */
const KEY = Symbol.for('standin.run-server')
const kept = globalThis as { [KEY]?: Stop | undefined }

/** Stores the function that stops the server of the run. Returns a function that calls it once. */
export function keepForTeardown(stop: Stop): Stop {
  kept[KEY] = stop
  return stopServer
}

export async function stopServer(): Promise<void> {
  const stop = kept[KEY]
  kept[KEY] = undefined
  await stop?.()
}
