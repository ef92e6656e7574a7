import { creation } from '../../helpers/caller.ts'
import type { Receiver } from './receiver.ts'
import type { Play } from './play.ts'

/** A scenario of a receiver: the play's client creates users, and the receiver is good or bad. */
export interface ReceiverScenario {
  readonly good: (play: Play, receiver: Receiver) => Promise<unknown>
  readonly bad: (play: Play, receiver: Receiver) => Promise<unknown>
}

/** Creates a user and waits until its webhooks are delivered. */
async function create(play: Play, name = 'ada'): Promise<string> {
  const { text } = await play.create('cryptlex', name)
  await play.standin.webhooks.settle()
  return text
}

export async function createWith(play: Play, fault: string, name = 'ada'): Promise<string> {
  await play.arm(`webhook=${fault};times=1`)
  return await create(play, name)
}

/** A webhook that has to be refused. */
const refusing = (fault: string): ReceiverScenario => ({
  good: (play) => createWith(play, fault),
  bad: async (play, receiver) => {
    receiver.accept()
    await createWith(play, fault)
  },
})

/** A webhook that has to be accepted, although it is unusual. */
const accepting = (fault: string): ReceiverScenario => ({
  good: (play) => createWith(play, fault),
  bad: async (play, receiver) => {
    await create(play, 'bob')
    receiver.answerOnce(400)
    await createWith(play, fault)
  },
})

/** Changes the user at Cryptlex, as a receiver does that keeps both sides equal. */
export async function change(play: Play, user: string): Promise<void> {
  const { id } = JSON.parse(user) as { id: string }
  const { path, headers } = creation('cryptlex')
  await play.send({
    method: 'PATCH',
    path: `${path}/${id}`,
    headers: headers!,
    body: { role: 'user' },
  })
}

const deduplicating = (fault: string): ReceiverScenario => ({
  good: async (play) => {
    await change(play, await createWith(play, fault))
  },
  bad: async (play) => {
    const user = await createWith(play, fault)
    await change(play, user)
    await change(play, user)
  },
})

/** For each check of the receiver a scenario that passes and one that fails. */
export const RECEIVER_SCENARIOS: Readonly<Record<string, ReceiverScenario>> = {
  'accepts-good-signatures': {
    good: (play) => create(play),
    bad: async (play, receiver) => {
      receiver.answerOnce(401)
      await create(play)
    },
  },
  'refuses-bad-signatures': refusing('wrong-secret'),
  'refuses-missing-signatures': refusing('unsigned'),
  'refuses-stale-signatures': refusing('stale-timestamp'),
  'verifies-raw-bytes': refusing('reserialised'),
  'refuses-cut-webhooks': {
    good: (play) => createWith(play, 'truncated'),
    bad: async (play, receiver) => {
      receiver.answerEarly()
      await createWith(play, 'truncated')
    },
  },
  'ignores-header-case': accepting('header-case'),
  'reads-chunked-webhooks': accepting('chunked'),
  'tolerates-webhook-fields': accepting('extra-fields'),
  'tolerates-unknown-events': accepting('unknown-event'),
  'copes-with-disorder': {
    good: async (play) => {
      await play.arm('webhook=reorder;webhook-by=10ms;times=1')
      await create(play)
    },
    bad: async (play, receiver) => {
      await create(play, 'bob')
      receiver.answerOnce(500)
      await play.arm('webhook=reorder;webhook-by=10ms;times=1')
      await create(play)
    },
  },
  'copes-with-early-webhooks': accepting('before-answer'),
  'copes-with-removed-users': {
    good: async (play) => {
      await play.arm('webhook=after-delete;times=1')
      await remove(play)
    },
    bad: async (play, receiver) => {
      await create(play, 'bob')
      await play.arm('webhook=after-delete;times=1')
      receiver.answerOnce(200, 404)
      await remove(play)
    },
  },
  'answers-in-time': {
    good: (play) => create(play),
    bad: async (play, receiver) => {
      receiver.answerOnce('hang')
      await create(play)
    },
  },
  'answers-before-long-work': {
    good: (play) => create(play),
    bad: async (play, receiver) => {
      receiver.answerAfter(700)
      await create(play)
    },
  },
  'answers-without-redirect': {
    good: (play) => create(play),
    bad: async (play, receiver) => {
      receiver.answerOnce(302)
      await create(play)
    },
  },
  'accepts-repeats': {
    good: (play, receiver) => repeat(play, receiver),
    bad: (play, receiver) => repeat(play, receiver, () => receiver.answerOnce(409)),
  },
  'recovers-after-a-failure': {
    good: async (play, receiver) => {
      receiver.answerOnce(503)
      await create(play)
    },
    bad: async (play, receiver) => {
      receiver.answerOnce(...Array.from({ length: 9 }, () => 503))
      await create(play)
    },
  },
  deduplicates: deduplicating('duplicate'),
  'deduplicates-by-content': deduplicating('duplicate-new-id'),
}

/** Creates a user and removes it: the webhook of the first waits for the second. */
async function remove(play: Play): Promise<void> {
  const { text } = await play.create()
  const { id } = JSON.parse(text) as { id: string }
  const { path, headers } = creation('cryptlex')
  await play.send({ method: 'DELETE', path: `${path}/${id}`, headers: headers! })
  await play.standin.webhooks.settle()
}

async function repeat(play: Play, { url }: Receiver, between = () => {}): Promise<void> {
  await create(play)
  const delivery = (await play.standin.webhooks.deliveries()).find((one) => one.url === url)
  between()
  await play.standin.webhooks.redeliver(delivery!.id)
  await play.standin.webhooks.settle()
}
