import type { Examples } from '../../src/admin/contract.gen.ts'

type Example = Examples['calls'][number]

/**
 * Plays what the pictures show: a create at each API, a webhook that is retried, a refusal, and a
 * user that is stored although the answer is 500.
 */
export async function playScene(url: string): Promise<void> {
  const admin = (method: string, path: string, body?: object) =>
    sent(`${url}/_standin${path}`, method, body)
  const pass = (by: string) => admin('POST', '/clock/advance', { by })
  const create = async ({ path, headers, body }: Example, changes: object = {}) => {
    await sent(`${url}${path}`, 'POST', { ...body, ...changes }, headers)
    await pass('7s')
  }
  const person = async () => {
    const { calls } = (await (await admin('GET', '/examples')).json()) as Examples // by the contract
    return (api: string) => calls.find((call) => call.api === api)!
  }

  await admin('POST', '/webhooks', { url: '/_standin/inbox/crm' })
  await admin('POST', '/webhooks', { url: '/_standin/inbox/billing?status=503&times=3' })
  const ada = await person()
  for (const api of ['mykaarma', 'cryptlex', 'formsonfire']) await create(ada(api))
  await admin('POST', '/settle', {})
  await pass('5m')
  await admin('POST', '/settle', {})
  await create(ada('cryptlex'), { email: 'ada.example.test' })
  const grace = await person()
  await admin('POST', '/faults', { fault: 'commit-500', api: 'cryptlex', times: 1 })
  await create(grace('cryptlex'))
  await create(grace('cryptlex'))
  await create(grace('mykaarma'))
  const alan = await person()
  await create({ ...alan('mykaarma'), headers: { 'Content-Type': 'application/json' } })
  await create(alan('formsonfire'), { IntegrationKey: 'the-key-of-another-company' })
  await create(alan('cryptlex'))
  await create(alan('formsonfire'))
  // The third attempt of the first webhook, and not yet the second one of the next.
  await pass('4m')
  await admin('POST', '/settle', {})
}

function sent(
  url: string,
  method: string,
  body?: object,
  headers: Readonly<Record<string, string>> = { 'Content-Type': 'application/json' },
): Promise<Response> {
  return fetch(url, {
    method,
    headers: body === undefined ? {} : headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}
