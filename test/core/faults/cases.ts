import { STATUS_CODES } from 'node:http'
import { refusals as cryptlexRefusals } from '../../../src/apis/cryptlex/refusals.ts'
import { refusals as formsonfireRefusals } from '../../../src/apis/formsonfire/refusals.ts'
import { refusals as mykaarmaRefusals } from '../../../src/apis/mykaarma/refusals.ts'
import type { Endpoint } from '../../helpers/raw-requests.ts'
import { specOf } from '../../helpers/bodies.ts'
import type { RawAnswer } from './kit.ts'

/** The expected result of a fault on a good create call, independent of the implementation. */
export interface Expected {
  /** 0 where no complete head arrives. */
  readonly status: number
  readonly end: RawAnswer['end']
  readonly whole: boolean
  /** Number of users with the name afterwards. */
  readonly users: number
  readonly breaks: boolean
  /** Value of Standin-Reason. */
  readonly reason?: string
  /** Value of Content-Type; default: that of the endpoint. */
  readonly type?: string
  /** True if the fault has nothing to change in this answer. */
  readonly idle?: true
}

export interface Case {
  readonly fault: string
  readonly expected: Expected
}

const REFUSALS = {
  mykaarma: mykaarmaRefusals,
  cryptlex: cryptlexRefusals,
  formsonfire: formsonfireRefusals,
}

/** Reasons that every API can refuse with. */
const COMMON: Readonly<Record<string, number>> = {
  'body.invalid': 400,
  'body.malformed': 400,
  'route.unknown': 404,
  'method.not-allowed': 405,
  'accept.unsupported': 406,
  'body.too-slow': 408,
  'body.too-large': 413,
  'media.unsupported': 415,
  internal: 500,
}

/** Returns the reasons of an API with the status of each. */
export function reasonsOf({ api }: Endpoint): Readonly<Record<string, number>> {
  const own = Object.entries(REFUSALS[api]).map(
    ([reason, make]) => [reason, make().status] as const,
  )
  const all = Object.entries({ ...COMMON, ...Object.fromEntries(own) }).filter(
    // Two APIs choose the format of the answer themselves.
    ([reason]) => reason !== 'accept.unsupported' || api === 'mykaarma',
  )
  // The vendor's page documents few statuses: an unknown path is a 405, an unreadable body a 400.
  const few: Readonly<Record<number, number>> = { 404: 405, 413: 400, 415: 400 }
  return Object.fromEntries(
    all.map(([reason, status]) => [
      reason,
      api === 'formsonfire' ? (few[status] ?? status) : status,
    ]),
  )
}

/** Every status from 300 on that HTTP has a name for, and some without a name. */
export const STATUSES: readonly number[] = [
  ...Object.keys(STATUS_CODES).map(Number),
  420,
  499,
  520,
  599,
].filter((status) => status >= 300)

function documented({ api }: Endpoint): readonly number[] {
  // The first path is the one that creates users.
  const paths = specOf(api)['paths'] as Record<string, { post: { responses: object } }>
  const [creation] = Object.values(paths)
  return Object.keys(creation!.post.responses).map(Number)
}

/** Body faults that change the endpoint's answer to a created user. */
const CHANGEABLE: Readonly<Record<Endpoint['api'], readonly string[]>> = {
  mykaarma: ['extra-fields', 'reordered'],
  cryptlex: ['extra-fields', 'reordered', 'nulls'],
  formsonfire: ['extra-fields', 'reordered', 'unknown-enum'],
}

/** Returns every fault in its short form, with the expected result at an endpoint. */
export function casesAt(endpoint: Endpoint): readonly Case[] {
  const { created, answers } = endpoint
  const known = documented(endpoint)
  const fine: Expected = { status: created, end: 'closed', whole: true, users: 1, breaks: false }
  const refused = (status: number, more: Partial<Expected> = {}): Expected => ({
    ...fine,
    status,
    users: 0,
    breaks: !known.includes(status),
    ...more,
  })
  const page = (status: number, type = 'text/html; charset=utf-8') =>
    refused(status, { type, breaks: true })
  const vendor = (status: number, users = 0) =>
    status > 501 ? { ...page(status), users } : refused(status, { users })
  const gone: Expected = { status: 0, end: 'reset', whole: false, users: 0, breaks: true }
  const broken: Expected = { ...fine, whole: false, breaks: true }
  const body = (kind: string, breaks: boolean): Expected => {
    const isXml = kind.startsWith('xml-')
    const applies = isXml ? answers === 'xml' : CHANGEABLE[endpoint.api].includes(kind)
    return applies ? { ...fine, breaks } : { ...fine, breaks, idle: true }
  }
  const base = answers === 'xml' ? 'application/xml' : 'application/json'
  return Object.entries({
    ...Object.fromEntries(STATUSES.map((status) => [String(status), vendor(status)])),
    ...Object.fromEntries(
      [400, 401, 403, 404, 409, 429, 500, 502, 503, 504].map((status) => [
        `commit-${status}`,
        vendor(status, 1),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(reasonsOf(endpoint)).map(([reason, status]) => [
        reason.includes('.') ? reason : `reason=${reason}`,
        // The fault names no status, so the status is one that the vendor documents.
        refused(status, { reason, breaks: false }),
      ]),
    ),
    '401;after=auth': refused(401),
    '403;after=validation': refused(403),
    '429;retry-after=0': refused(429),
    '502;gateway-json': page(502, 'application/json'),
    '429;gateway': page(429),
    '500;gateway': page(500),
    '503;vendor': refused(503),
    'login-page': page(200),
    'delay=3ms': fine,
    'delay=1ms..5ms': fine,
    'delay=1ms~5ms': fine,
    'commit-delay=3ms': fine,
    'delay=2ms;401': refused(401),
    hang: { ...gone, end: 'waiting', breaks: false },
    'commit-hang': { ...gone, end: 'waiting', breaks: false, users: 1 },
    'slow-headers;bytes=50;interval=1ms': fine,
    'slow-body;bytes=20;interval=1ms': fine,
    'slow-body;bytes=20;interval=1ms;500': refused(500),
    reset: gone,
    close: { ...gone, end: 'closed' },
    'commit-reset': { ...gone, users: 1 },
    'commit-close': { ...gone, end: 'closed', users: 1 },
    'reset-headers': { ...gone, users: 1 },
    'commit-reset-headers': { ...gone, users: 1 },
    'reset-body': { ...broken, end: 'reset' },
    'commit-reset-body': { ...broken, end: 'reset' },
    cut: broken,
    'cut=0': broken,
    'cut=1000000': broken,
    'commit-cut': broken,
    'cut;403': { ...broken, status: 403, users: 0 },
    'wrong-length': broken,
    'commit-wrong-length': broken,
    'bad-chunk': broken,
    'commit-bad-chunk': broken,
    'close-after': fine,
    'commit-close-after': fine,
    truncated: { ...fine, breaks: true },
    'wrong-type': { ...fine, breaks: true, type: 'text/html; charset=utf-8' },
    'wrong-charset': { ...fine, breaks: true, type: `${base}; charset=utf-16` },
    empty: { ...fine, breaks: true },
    'extra-fields': body('extra-fields', true),
    nulls: body('nulls', false),
    'unknown-enum': body('unknown-enum', false),
    reordered: body('reordered', false),
    'xml-prefixes': body('xml-prefixes', true),
    'xml-comments': body('xml-comments', false),
    'xml-cdata': body('xml-cdata', false),
    'protobuf-unknown': body('protobuf-unknown', false),
    'truncated;401': refused(401, { breaks: true }),
    'not-stored': { ...fine, users: 0 },
    'created-later;later=1h': refused(500),
    'created-later;later=1h;503': page(503),
    'lost-then-duplicate': refused(500),
    'lost-then-duplicate;reset': gone,
    'duplicate-accepted': fine,
  } satisfies Record<string, Expected>).map(([fault, expected]) => ({ fault, expected }))
}
