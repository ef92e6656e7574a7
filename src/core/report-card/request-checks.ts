import { mediaTypeOf } from '../http/content-type.ts'
import { basicReadings } from '../http/basic.ts'
import { listed, quotable } from '../words.ts'
import { MAX_SHOWN, type Check } from './check.ts'
import type { Exchange } from './exchange.ts'

/**
 * Number of requests with `Connection: close` from which a client counts as not reusing
 * connections.
 */
const MANY_CONNECTIONS = 5
/** Milliseconds that a client should not wait for an answer. */
const MAX_WAIT = 60_000

/** True if the request was refused for one of these reasons, and not by a fault. */
function isRefusedFor({ entry, faults }: Exchange, ...reasons: readonly string[]): boolean {
  return faults.length === 0 && reasons.includes(entry.problem?.reason ?? '')
}

/** Checks of the requests themselves. */
export const REQUEST_CHECKS: readonly Check[] = [
  {
    id: 'no-secret-in-url',
    subject: 'client',
    title: 'Sends no secret in a URL, except in a parameter of the contract',
    needs: 'a request',
    provoke: 'any request',
    *judge({ exchanges, records }, observations) {
      for (const one of exchanges) {
        yield
        const { call } = one
        const inContract = (call.operation?.query ?? []).map(({ name }) => name.toLowerCase())
        const secret = [...new URLSearchParams(call.url.split('?')[1] ?? '').keys()].find(
          (name) => records.secretNames.has(name) && !inContract.includes(name.toLowerCase()),
        )
        if (secret === undefined) observations.pass(`${one.id} has no secret in its URL`, one)
        else
          observations.fail(`${one.id} has a secret in its URL, which servers and proxies log`, one)
      }
    },
  },
  {
    id: 'keeps-credentials-apart',
    subject: 'client',
    title: 'Sends the credentials of one API to no other',
    needs: 'requests to two APIs',
    provoke: 'requests to two APIs',
    *judge({ exchanges, records }, observations) {
      const seen = new Map<string, Exchange>()
      for (const one of exchanges) {
        yield
        const own = records.secrets.get(one.api) ?? []
        const { bytes, start, bodyEnd } = one.entry
        const sent = bytes.subarray(start, bodyEnd)
        const [, encoded = ''] = /^basic +(\S+)$/i.exec(one.call.headers.authorization ?? '') ?? []
        const passwords = basicReadings(encoded).map(({ password }) => password)
        const foreign = [...records.secrets].find(
          ([api, secrets]) =>
            api !== one.api &&
            secrets.some(
              (secret) =>
                !own.includes(secret) &&
                (sent.includes(secret) || passwords.some((each) => each === secret)),
            ),
        )
        if (foreign)
          observations.fail(`${one.id} sends a credential of ${foreign[0]} to ${one.api}`, one)
        else seen.set(one.api, one)
      }
      if (seen.size >= 2) {
        observations.pass(
          `The requests to ${listed([...seen.keys()])} have their own credentials`,
          ...seen.values(),
        )
      }
    },
  },
  {
    id: 'sends-content-type',
    subject: 'client',
    title: 'Sends a Content-Type that the contract lists',
    needs: 'a request with a body',
    provoke: 'a create',
    *judge({ exchanges }, observations) {
      for (const one of exchanges) {
        yield
        const { entry, call } = one
        const types = call.operation?.requestTypes ?? []
        if (types.length === 0 || !one.sentBody) continue
        const given = mediaTypeOf(call.headers['content-type'])
        if (given !== undefined && types.includes(given)) {
          observations.pass(`${one.id} states ${given}`, one)
        } else if (entry.context.api.bodyType === undefined) {
          // For a vendor that guesses the media type, the contract alone does not decide.
          const expected = listed([...types], 'or')
          observations.fail(
            `${one.id} states ${given === undefined ? 'no Content-Type' : 'another Content-Type'}; the contract lists ${expected}`,
            one,
          )
        }
      }
    },
  },
  {
    id: 'sends-accept',
    subject: 'client',
    title: 'Accepts a media type that the API answers in',
    needs: 'a request to an operation',
    provoke: 'any request',
    *judge({ exchanges }, observations) {
      for (const one of exchanges) {
        yield
        const { entry, call } = one
        if (!call.operation || one.status === 0) continue
        const isIgnored = entry.warnings.some(({ code }) => code === 'accept.ignored')
        if (isIgnored || isRefusedFor(one, 'accept.unsupported')) {
          observations.fail(`${one.id} accepts no media type of the answer`, one)
        } else observations.pass(`${one.id} accepts the answer's media type`, one)
      }
    },
  },
  {
    id: 'sends-readable-bodies',
    subject: 'client',
    title: 'Sends bodies that can be parsed',
    needs: 'a request with a body',
    provoke: 'a create with a name such as O\'Neil & "Söhne"',
    *judge({ exchanges }, observations) {
      for (const one of exchanges) {
        yield
        if (!one.sentBody) continue
        if (isRefusedFor(one, 'body.malformed', 'charset.contradictory', 'charset.unsupported')) {
          observations.fail(`The body of ${one.id} cannot be parsed`, one)
        } else if (one.status >= 200 && one.status < 300) {
          observations.pass(`The body of ${one.id} can be parsed`, one)
        }
      }
    },
  },
  {
    id: 'calls-known-operations',
    subject: 'client',
    title: 'Calls only operations that the API has',
    needs: 'a request',
    provoke: 'any request',
    *judge({ exchanges }, observations) {
      for (const one of exchanges) {
        yield
        if (isRefusedFor(one, 'route.unknown', 'method.not-allowed')) {
          observations.fail(`${one.id} matches no operation of ${one.api}`, one)
        } else if (one.call.operation) {
          observations.pass(`${one.id} calls ${one.call.operation.id}`, one)
        }
      }
    },
  },
  {
    id: 'follows-the-contract',
    subject: 'client',
    title: 'Sends nothing that the profile strict would refuse',
    needs: 'a request that was accepted',
    provoke: 'a create',
    *judge({ exchanges }, observations) {
      for (const one of exchanges) {
        yield
        if (!one.call.operation || !(one.status >= 200 && one.status < 300)) continue
        const codes = one.entry.warnings
          .filter(({ assumed }) => assumed)
          .map(({ code }) => quotable(code) ?? 'a warning')
        if (codes.length === 0) observations.pass(`${one.id} was accepted without a warning`, one)
        else
          observations.fail(
            `${one.id} was accepted with ${listed(codes)}, and another server may refuse it`,
            one,
          )
      }
    },
  },
  {
    id: 'reuses-connections',
    subject: 'client',
    title: 'Sends several requests over one connection',
    needs: `two requests over one connection, or ${MANY_CONNECTIONS} requests with Connection: close`,
    provoke: 'several requests in a row',
    *judge({ exchanges }, observations) {
      const connections = new Map<string, Exchange>()
      const closing = new Map<string, Exchange[]>()
      const reused = new Set<string>()
      for (const one of exchanges) {
        yield
        const key = `${one.client} ${one.entry.port}`
        const first = connections.get(key)
        if (first && one.entry.port !== 0) {
          observations.pass(`${one.id} came over the connection of ${first.id}`, first, one)
          reused.add(one.client)
        } else connections.set(key, one)
        if (/\bclose\b/i.test(one.call.headers.connection ?? '')) {
          const list = closing.get(one.client)
          if (list) list.push(one)
          else closing.set(one.client, [one])
        }
      }
      for (const [client, list] of closing) {
        yield
        // A client that reused a connection at least once passes: other requests may be of a
        // program with the same user agent.
        if (list.length < MANY_CONNECTIONS || reused.has(client)) continue
        observations.fail(
          `${list.length} requests ended their connection with Connection: close`,
          ...list.slice(0, MAX_SHOWN),
        )
      }
    },
  },
  {
    id: 'has-a-timeout',
    subject: 'client',
    title: 'Gives up on an answer that does not come',
    needs: `a request that was not answered, or only after ${MAX_WAIT / 1000} s`,
    provoke: 'hang;times=1',
    *judge({ exchanges }, observations) {
      for (const one of exchanges) {
        yield
        if (!one.faults.includes('delay')) continue
        const { duration } = one.entry
        const seconds = Math.round(duration / 100) / 10
        if (duration >= MAX_WAIT)
          observations.fail(`${one.id} waited ${seconds} s for its answer`, one)
        else if (one.status === 0 && !isHungUp(one)) {
          observations.pass(`${one.id} gave up after ${seconds} s`, one)
        }
      }
    },
  },
]

/** True if the fault itself ended the connection after the delay. */
function isHungUp({ faults }: Exchange): boolean {
  return faults.includes('reset') || faults.includes('close')
}
