// Makes the code cache of a build: runs the program up to its first answers, so that the functions which
// a start needs are compiled in it. See src/code-cache.ts.
import { readdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { LOADER } from './code-cache.ts'

interface Library {
  readonly startStandin: () => Promise<{ readonly url: string; close(): Promise<void> }>
}

const folder = resolve(process.argv[2] ?? 'dist')
const require = createRequire(join(folder, 'package.json'))
for (const name of readdirSync(folder).filter((one) => one.startsWith('.code-cache'))) {
  rmSync(join(folder, name))
}

const { startStandin } = require('./index.js') as Library // the build has it
const standin = await startStandin()
await createUsers(standin.url)
await standin.close()

const ready = new Promise<string>((found) => {
  const write = process.stdout.write.bind(process.stdout)
  process.stdout.write = (text: string | Uint8Array) => {
    const url = /^ready (\S+)$/m.exec(String(text))?.[1]
    if (url === undefined) return write(text)
    process.stdout.write = write
    found(url)
    return true
  }
})
process.argv = [process.execPath, join(folder, 'main.js'), '--memory', '--port=0', '--log=off']
const started: unknown = require('./main.js')
if (started) await createUsers(await ready)
;(require(`./${LOADER}.js`) as { writeCodeCache(): void }).writeCodeCache()
process.exit()

/** Sends the example of each API. */
async function createUsers(url: string): Promise<void> {
  const { calls } = JSON.parse(await send('GET', `${url}/_standin/examples`, {})) as {
    calls: readonly {
      readonly method: string
      readonly path: string
      readonly headers: Readonly<Record<string, string>>
      readonly body: object
    }[]
  } // the contract of the admin API
  for (const { method, path, headers, body } of calls) {
    await send(method, `${url}${path}`, headers, JSON.stringify(body))
  }
}

function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<string> {
  return new Promise((found, failed) => {
    const call = request(url, { method, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () =>
        (answer.statusCode ?? 500) < 300
          ? found(text)
          : failed(new Error(`${method} ${url}: ${answer.statusCode} ${text}`)),
      )
    })
    call.on('error', failed)
    call.end(body)
  })
}
