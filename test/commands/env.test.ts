import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { VENDORS } from '../../src/apis/index.ts'
import { caVariables } from '../../src/commands/ca-files.ts'
import { env as command } from '../../src/commands/env.ts'
import { readConfig } from '../../src/config/config.ts'
import { apiVariable, environmentNames } from '../../src/config/environment.ts'
import { acme } from '../apis/fourth-vendor/acme.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script with a real sh, in which `standin` is the built program. */
function inShell(script: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('STANDIN_')),
  )
  const standin = `standin() { '${process.execPath}' '${MAIN}' "$@"; }\n`
  return new Promise((resolve) => {
    const options = { env: { ...own, ...env }, cwd: createFolder() }
    const child = execFile('sh', ['-c', standin + script], options, (error, stdout, stderr) => {
      resolve({ code: error ? (child.exitCode ?? 1) : 0, stdout, stderr })
    })
  })
}

test('a shell has all it needs from one line, and leaves the other sandboxes alone', async () => {
  const server = await createSandbox({ adminToken: "a-'token'-$(x)" })
  const { stdout, stderr, code } = await inShell(
    `eval "$(standin env --create)"
    curl -sS -o /dev/null -w '%{http_code}\\n' -H 'Content-Type: application/json' \\
      -H "Authorization: Bearer $STANDIN_CRYPTLEX_TOKEN" -d @${fileURLToPath(new URL('../../fixtures/requests/cryptlex.json', import.meta.url))} \\
      "$STANDIN_CRYPTLEX_URL/resellers/reseller-001/users"
    curl -sS -o /dev/null -w '%{http_code}\\n' -u "$STANDIN_MYKAARMA_USERNAME:$STANDIN_MYKAARMA_PASSWORD" \\
      -H 'Content-Type: application/json' -d @${fileURLToPath(new URL('../../fixtures/requests/mykaarma.json', import.meta.url))} \\
      "$STANDIN_MYKAARMA_URL/v2/user/partner"
    curl -sS -o /dev/null -w '%{http_code}\\n' \\
      -H 'Content-Type: application/xml' "$STANDIN_FORMSONFIRE_URL/v2/user" \\
      -d "<User><CompanyId>$STANDIN_FORMSONFIRE_COMPANY_ID</CompanyId><Email>ada@example.test</Email><FirstName>Ada</FirstName><IntegrationKey>$STANDIN_FORMSONFIRE_INTEGRATION_KEY</IntegrationKey><LastName>Byron</LastName></User>"
    curl -sS -H "Standin-Admin-Token: $STANDIN_ADMIN_TOKEN" "$STANDIN_ADMIN_URL/users" | grep -o '"total":[0-9]*'
    standin fault '500;times=1'
    echo "$STANDIN_SANDBOX $STANDIN_WEBHOOK_SECRET"`,
    { STANDIN_URL: server.url, STANDIN_ADMIN_TOKEN: "a-'token'-$(x)" },
  )
  expect([code, stderr]).toEqual([0, ''])
  const [cryptlex, mykaarma, formsonfire, users, armed, last] = stdout.trim().split('\n')
  expect([cryptlex, mykaarma, formsonfire]).toEqual(['201', '200', '200'])
  expect(users).toContain('"total":3')
  expect(armed).toMatch(/^armed fault-1/)
  expect(last).toMatch(/^\S+ standin-webhook-secret$/)
  expect(last).not.toMatch(/^default /)
  expect(server.sandbox.users).toEqual({ mykaarma: 0, cryptlex: 0, formsonfire: 0 })
  expect(server.sandbox.faults.list()).toEqual([])
})

test('with --tls, curl and Node trust the server by the variables alone', async () => {
  const server = await createSandbox({ tls: true, tlsPort: 0 })
  const { stdout, stderr, code } = await inShell(
    `eval "$(standin env --create --sandbox shop --tls)"
    curl -sS "$STANDIN_ADMIN_URL/health" | head -c 14
    '${process.execPath}' -e 'fetch(process.env.STANDIN_ADMIN_URL + "/health").then((answer) => console.log(answer.status))'
    standin fault list
    echo "$STANDIN_URL"
    eval "$(standin env)"
    echo "$STANDIN_URL"`,
    { STANDIN_URL: server.url },
  )
  expect([code, stderr]).toEqual([0, ''])
  const url = `https://127.0.0.1:${server.https!.port}/~shop`
  expect(stdout).toBe(`{"status":"ok"200\nno faults\n${url}\n${url}\n`)
})

test('a failure fails the eval, too, and says why', async () => {
  const server = await createSandbox()
  const variables = { STANDIN_URL: server.url }
  const failed = await inShell(`set -e; eval "$(standin env --sandbox none)"; echo on`, variables)
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(failed.stderr).toContain('There is no sandbox none')
  const plain = await inShell('standin env --tls', variables)
  expect(plain.stderr).toContain('does not listen with HTTPS; start it with --tls')
  const format = await inShell('standin env --format yaml', variables)
  expect([format.code, format.stderr]).toEqual([
    2,
    expect.stringContaining('--format must be one of sh, dotenv, github, powershell, json'),
  ])
})

/** What the command prints, run in this process. */
async function printed(url: string, ...args: string[]): Promise<string> {
  const lines: string[] = []
  const { log } = console
  console.log = (line: string) => lines.push(line)
  try {
    const flags = ['url', 'format', 'sandbox', 'create', 'ca-file', 'tls']
    const switches = { switches: ['create', 'tls'] }
    const read = readConfig(['--url', url, ...args], {}, flags, switches)
    await command.run(read.config, read.more, [])
  } finally {
    console.log = log
  }
  return lines.join('\n')
}

test('each format can be read back', async () => {
  const { url } = await createSandbox()
  const secret = ['--webhook-secret', `it's "so" $HOME \\`]
  const values = JSON.parse(await printed(url, '--format', 'json', ...secret)) as object
  expect(values).toMatchObject({
    STANDIN_URL: url,
    STANDIN_CRYPTLEX_URL: `${url}/v3`,
    STANDIN_FORMSONFIRE_COMPANY_ID: '1815',
    STANDIN_WEBHOOK_SECRET: secret[1],
  })
  const dotenv = await printed(url, '--format', 'dotenv', ...secret)
  expect(dotenv).toContain(`STANDIN_CRYPTLEX_URL='${url}/v3'\n`)
  const github = await printed(url, '--format', 'github', ...secret)
  expect(github).toContain(`\nSTANDIN_WEBHOOK_SECRET=${secret[1]}\n`)
  const powershell = await printed(url, '--format', 'powershell', ...secret)
  expect(powershell).toContain(`$env:STANDIN_WEBHOOK_SECRET = 'it''s "so" $HOME \\'`)
  const lines = await printed(url, ...secret)
  const shown = execFileSync('sh', ['-c', `${lines}\nprintf %s "$STANDIN_WEBHOOK_SECRET"`])
  expect(String(shown)).toBe(secret[1])
})

test('a server that is started in the same shell reads none of these variables as an option', async () => {
  const { url } = await createSandbox({ tls: true, tlsPort: 0 })
  const file = join(createFolder(), 'a ca.pem')
  const text = await printed(url, '--tls', '--format', 'json', '--ca-file', file)
  const variables = JSON.parse(text) as Record<string, string>
  expect(readFileSync(variables['STANDIN_CA_FILE']!, 'utf8')).toContain('BEGIN CERTIFICATE')
  const { config } = readConfig([], variables)
  expect(config.webhookSecret).toBe(variables['STANDIN_WEBHOOK_SECRET'])
  expect(() => readConfig([], { STANDIN_CRYPTLEX_TOKN: 'a' })).toThrow('is not a variable')
})

test('the names of a vendor come from its slice', async () => {
  const names = environmentNames([...VENDORS, acme])
  expect(names).toContain('STANDIN_FORMSONFIRE_COMPANY_ID')
  expect(names).toContain('STANDIN_ACME_KEY')
  expect(apiVariable('acme', 'OAuthID')).toBe('STANDIN_ACME_OAUTH_ID')

  const { url } = await createSandbox({}, { vendors: [...VENDORS, acme] })
  const values = JSON.parse(await printed(url, '--format', 'json')) as Record<string, string>
  expect(values).toMatchObject({ STANDIN_ACME_URL: `${url}/acme`, STANDIN_ACME_KEY: 'acme-key' })
  const others = ['STANDIN_WEBHOOK_SECRET', ...names]
  expect(Object.keys(values).filter((name) => !others.includes(name))).toEqual([])
})

test('options of Java stay, with one trust store', async () => {
  const { https } = await createSandbox({ tls: true, tlsPort: 0 })
  const place = { folder: createFolder(), file: undefined }
  const first = caVariables(https!.ca!, place, { JAVA_TOOL_OPTIONS: '-Xmx1g' })
  const again = caVariables(https!.ca!, place, first)
  expect(again).toEqual(first)
  expect(first['JAVA_TOOL_OPTIONS']).toMatch(/^-Xmx1g -Djavax\.net\.ssl\.trustStore=\S+\.jks$/)
})
