// Sends each request of a list with curl and prints its exit code or the status.
import { execFile } from 'node:child_process'
import { batch, type Seen, type ToSend } from './batch.ts'

const [url = ''] = process.argv.slice(2)

function see({ path, headers, body, type, patience }: ToSend): Promise<Seen> {
  const args = ['--silent', '--output', '/dev/null', '--max-time', String(patience / 1000)]
  args.push('--write-out', '%{http_code} %{content_type}', '--data-binary', body)
  for (const [name, value] of Object.entries(headers)) args.push('--header', `${name}: ${value}`)
  return new Promise((resolve) => {
    execFile('curl', [...args, url + path], (error, stdout) => {
      const [status = '', got = ''] = stdout.split(' ')
      if (error) resolve({ seen: `exit ${error.code}` })
      else resolve({ seen: got.startsWith(type) ? status : `${status} ${got.split(';')[0]}` })
    })
  })
}

await batch(() => undefined, see)
