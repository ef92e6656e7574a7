import { expect } from 'vitest'
import { creation } from '../../helpers/caller.ts'
import { fixture } from '../../helpers/sandbox.ts'
import { eventually } from '../../helpers/time.ts'
import { wait, type Play, type Scenario } from './play.ts'

const CRYPTLEX = creation('cryptlex')
const USERS = '/v3/resellers/reseller-001/users'
const HOOKS = {
  method: 'POST',
  path: '/v3/webhooks',
  headers: { Authorization: 'Bearer standin-token-webhooks' },
  body: { name: 'mine', url: 'http://127.0.0.1:9/', events: ['reseller.user.created'] },
}
const XML = {
  method: 'POST',
  path: '/api/v2/user',
  headers: { 'Content-Type': 'application/xml', Accept: 'application/xml' },
  body: fixture('formsonfire.xml'),
}
const XML_ID = { api: 'formsonfire', times: 1 } as const

const idIn = (text: string) => /[\da-f]{8}-[\da-f-]{27}/i.exec(text)![0]

/** Changes the user that an answer names. */
const change = (play: Play, text: string) =>
  play.send({
    ...CRYPTLEX,
    method: 'PATCH',
    path: `${USERS}/${idIn(text)}`,
    body: { role: 'user' },
  })

/** A create with a variation of its answer: its id is used, or the request is repeated. */
const reading = (fault: string): Scenario => ({
  good: async (play) => {
    await play.arm(`${fault};times=1`)
    await change(play, (await play.create()).text)
  },
  bad: async (play) => {
    await play.arm(`${fault};times=1`)
    await play.create()
    await play.create()
  },
})

const readingXml = (fault: string): Scenario => ({
  good: async (play) => {
    await play.arm({ fault, ...XML_ID })
    const id = idIn((await play.send(XML)).text)
    await play.send({ ...XML, method: 'GET', path: `${XML.path}?Id=${id}`, body: undefined })
  },
  bad: async (play) => {
    await play.arm({ fault, ...XML_ID })
    await play.send(XML)
    await play.send(XML)
  },
})

/** For each check of the client a scenario that passes and one that fails. */
export const CLIENT_SCENARIOS: Readonly<Record<string, Scenario>> = {
  'waits-retry-after': {
    good: async (play) => {
      await play.arm('503;retry-after=1;times=1')
      await play.tries(2, () => 1010)
    },
    bad: async (play) => {
      await play.arm('503;retry-after=1;times=1')
      await play.tries(2)
    },
  },
  'holds-back-while-limited': {
    good: async (play) => {
      await play.arm('429;retry-after=1;times=1')
      await play.tries(2, () => 1100)
    },
    bad: async (play) => {
      await play.arm('429;retry-after=5;times=1')
      await play.create()
      await wait(60)
      for (const name of ['b', 'c', 'd', 'e', 'f']) await play.create('cryptlex', name)
    },
  },
  'backs-off': {
    good: async (play) => {
      await play.arm('503;times=2')
      await play.tries(3, () => 20)
    },
    bad: async (play) => {
      await play.arm('503')
      // Several, as the machine may delay some.
      for (let n = 0; n < 10; n++) {
        for (let i = 0; i < 3; i++) await play.create('cryptlex', `user${n}`)
      }
    },
  },
  'backs-off-with-growth': {
    good: async (play) => {
      await play.arm('503;times=3')
      await play.tries(4, (n) => 20 * 3 ** (n - 1))
    },
    bad: async (play) => {
      await play.arm('503')
      const tries = async (name: string) => {
        for (let i = 0; i < 4; i++) {
          if (i > 0) await wait(200)
          await play.create('cryptlex', name)
        }
      }
      await Promise.all(['a', 'b', 'c', 'd', 'e'].map(tries))
    },
  },
  'limits-its-tries': {
    good: async (play) => {
      await play.arm('503')
      await play.tries(3)
    },
    bad: async (play) => {
      await play.arm('503')
      await play.tries(25)
    },
  },
  'no-retry-of-refusals': {
    good: async (play) => {
      await play.arm('403;times=2')
      await play.create()
      await play.create('cryptlex', 'bob')
    },
    bad: async (play) => {
      await play.arm('403;times=2')
      await play.tries(2)
    },
  },
  'refreshes-token-once': {
    good: async (play) => {
      await play.arm('401;times=1')
      await play.create('cryptlex', 'ada', { Authorization: 'Bearer stale' })
      await play.create()
    },
    bad: async (play) => {
      await play.arm('401')
      await play.tries(2)
    },
  },
  'repeats-whole-request': {
    good: async (play) => {
      await play.arm('503;times=1')
      await play.tries(2)
    },
    bad: async (play) => {
      await play.arm('503;times=1')
      await play.create()
      await play.send({ ...CRYPTLEX, body: undefined })
    },
  },
  'polls-with-pauses': {
    good: async (play) => {
      for (let i = 0; i < 3; i++) {
        await play.look()
        await wait(60)
      }
    },
    bad: async (play) => {
      for (let i = 0; i < 60; i++) await play.look()
    },
  },
  'checks-before-creating-again': {
    good: async (play) => {
      await play.arm('500;times=1')
      await play.create()
      await play.look()
      await play.create()
    },
    bad: async (play) => {
      await play.arm('500;times=1')
      await play.tries(2)
    },
  },
  'finds-lost-users': {
    good: async (play) => {
      await play.arm('commit-500;times=1')
      await play.create()
      await play.look()
    },
    bad: async (play) => {
      await play.arm('commit-500;times=1')
      await play.create()
    },
  },
  'one-user-per-person': {
    good: async (play) => {
      await play.arm('commit-500;times=1')
      await play.create()
      await play.look()
    },
    bad: async (play) => {
      await play.arm('duplicate-accepted')
      await play.create()
      await play.create()
    },
  },
  'no-parallel-creates': {
    good: async (play) => {
      await play.create()
      await play.create()
    },
    bad: async (play) => {
      await play.arm('delay=100ms')
      await Promise.all([play.create(), play.create()])
    },
  },
  'no-secret-in-url': {
    good: async (play) => {
      await play.create('formsonfire')
      await play.send({
        path: '/api/v2/user?CompanyId=1815&IntegrationKey=0123456789abcdef0123456789abcdef&Id=1',
      })
    },
    bad: (play) => play.send({ path: `${USERS}?access_token=standin-token` }),
  },
  'keeps-credentials-apart': {
    good: async (play) => {
      await play.create('cryptlex')
      await play.create('mykaarma')
    },
    bad: async (play) => {
      await play.create('mykaarma', 'ada', { Authorization: 'Bearer standin-token' })
      const both = Buffer.from('standin:partner-secret').toString('base64')
      await play.create('cryptlex', 'ada', { Authorization: `Basic ${both}` })
    },
  },
  'sends-content-type': {
    good: (play) => play.create(),
    bad: (play) => play.send({ ...CRYPTLEX, body: JSON.stringify(CRYPTLEX.body) }),
  },
  'sends-accept': {
    good: (play) => play.create('mykaarma'),
    bad: async (play) => {
      await play.create('mykaarma', 'ada', { Accept: 'text/csv' })
      await play.create('cryptlex', 'ada', { Accept: 'text/csv' })
    },
  },
  'sends-readable-bodies': {
    good: (play) => play.create(),
    bad: (play) =>
      play.send({
        ...CRYPTLEX,
        headers: { ...CRYPTLEX.headers, 'Content-Type': 'application/json' },
        body: '{"firstName": "Ada "the first" Byron"}',
      }),
  },
  'calls-known-operations': {
    good: (play) => play.create(),
    bad: (play) => play.send({ ...CRYPTLEX, path: '/v3/users' }),
  },
  'follows-the-contract': {
    good: (play) => play.create(),
    bad: (play) => play.send({ ...CRYPTLEX, path: `${USERS}/` }),
  },
  'reuses-connections': {
    good: async (play) => {
      await play.create()
      await play.look()
    },
    bad: async (play) => {
      for (let i = 0; i < 5; i++) {
        const { headers } = CRYPTLEX
        await play.send({ path: USERS, headers: { ...headers, Connection: 'close' } })
      }
    },
  },
  'has-a-timeout': {
    good: async (play) => {
      const { faults, requests } = play.standin
      const { id } = await faults.add('hang;times=1')
      const gone = new AbortController()
      const answer = play.send(CRYPTLEX, gone.signal)
      await eventually(async () => expect((await faults.get(id)).fired).toBe(1))
      gone.abort()
      await answer
      await eventually(async () => expect(await requests.list()).toHaveLength(1))
    },
    // A minute is too long for a test: the test of the entries makes one of a shorter time.
    bad: undefined,
  },
  'tolerates-unknown-fields': reading('extra-fields'),
  'tolerates-unknown-enum-values': {
    good: async (play) => {
      await play.arm('unknown-enum;times=1')
      const id = idIn((await play.send(HOOKS)).text)
      await play.send({ path: `${HOOKS.path}/${id}`, headers: HOOKS.headers })
    },
    bad: async (play) => {
      await play.arm('unknown-enum;times=1')
      await play.send(HOOKS)
      await play.send(HOOKS)
    },
  },
  'tolerates-nulls': reading('nulls'),
  'tolerates-field-order': reading('reordered'),
  'tolerates-xml-prefixes': readingXml('xml-prefixes'),
  'tolerates-xml-comments': readingXml('xml-comments'),
  'tolerates-xml-cdata': readingXml('xml-cdata'),
  'notices-incomplete-answers': {
    good: async (play) => {
      await play.arm('cut;times=1')
      await play.create()
      await play.look()
    },
    bad: async (play) => {
      await play.arm('truncated;times=1')
      await change(play, (await play.create()).text)
    },
  },
}
