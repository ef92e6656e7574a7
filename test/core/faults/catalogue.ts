/** The clients that are tested with every fault, by their names in the table of docs/faults.md. */
export const CLIENTS = ['Node fetch', 'Node http', 'curl', 'http.client', 'urllib'] as const
export type Client = (typeof CLIENTS)[number]

/** A client's report: a status or an error; a list where versions or a race make a difference. */
export type Report = string | readonly string[]

/** One fault as docs/faults.md shows it and test/core/faults/clients.test.ts checks it. */
export interface Fault {
  /** Its short form. */
  readonly short: string
  readonly happens: string
  /** The API or format of the example; some faults apply to one format only. */
  readonly at?: 'cryptlex' | 'xml' | 'protobuf'
  /** Whether and when a good create call creates the user. */
  readonly created: 'yes' | 'no' | 'later' | 'twice'
  /** Whether the user exists before. */
  readonly taken?: true
  /** The client's second request: the same again, or another good one on the same connection. */
  readonly next?: 'again' | 'another'
  /** Whether the answer takes longer than the clients of the table wait. */
  readonly slow?: true
  readonly seen: Readonly<Record<Client, Report>>
}

/** Milliseconds that the clients of the table wait. */
export const PATIENCE = 2000

const every = (report: Report): Fault['seen'] => ({
  'Node fetch': report,
  'Node http': report,
  curl: report,
  'http.client': report,
  urllib: report,
})

/** Reports of an answered status; urllib throws for a status other than 2xx. */
const answered = (status: number, type = ''): Fault['seen'] => ({
  ...every(`${status}${type && ` ${type}`}`),
  ...(status >= 300 ? { urllib: `HTTPError ${status}` } : {}),
})

const RESET: Fault['seen'] = {
  'Node fetch': 'TypeError (ECONNRESET)',
  'Node http': 'Error (ECONNRESET)',
  curl: 'exit 56',
  'http.client': 'ConnectionResetError',
  urllib: 'ConnectionResetError',
}

const CLOSED: Fault['seen'] = {
  'Node fetch': 'TypeError (UND_ERR_SOCKET)',
  'Node http': 'Error (ECONNRESET)',
  curl: 'exit 52',
  'http.client': 'RemoteDisconnected',
  urllib: 'RemoteDisconnected',
}

const CUT: Fault['seen'] = {
  'Node fetch': 'TypeError (UND_ERR_RES_CONTENT_LENGTH_MISMATCH)',
  'Node http': 'Error (ECONNRESET)',
  curl: 'exit 18',
  'http.client': 'IncompleteRead',
  urllib: 'IncompleteRead',
}

const TOO_LATE: Fault['seen'] = {
  'Node fetch': 'TimeoutError',
  'Node http': 'TimeoutError',
  curl: 'exit 28',
  'http.client': 'TimeoutError',
  urllib: 'TimeoutError',
}

/** Reports of a slow answer: clients that limit the time per piece succeed. */
const TRICKLED: Fault['seen'] = { ...every('201'), 'Node fetch': 'TimeoutError', curl: 'exit 28' }

/** Reports of an incomplete body, by the number of bytes that arrived. */
const BADLY_DECODED = ['JSONDecodeError', 'UnicodeDecodeError']

const UNREADABLE: Fault['seen'] = {
  'Node fetch': 'SyntaxError',
  'Node http': 'SyntaxError',
  curl: '201',
  'http.client': 'JSONDecodeError',
  urllib: 'JSONDecodeError',
}

export const FAULTS: readonly Fault[] = [
  {
    short: '400',
    happens: 'The vendor refuses a field: the first that is required.',
    created: 'no',
    seen: answered(400),
  },
  {
    short: '400;fields=email,firstName:maxLength',
    happens: 'The vendor refuses these fields; behind the colon is the rule that is broken.',
    created: 'no',
    seen: answered(400),
  },
  {
    short: '401',
    happens: 'The vendor refuses the credentials.',
    created: 'no',
    seen: answered(401),
  },
  {
    short: 'user.duplicate',
    happens: 'The vendor refuses with this `Standin-Reason`; the status follows.',
    created: 'no',
    seen: answered(409),
  },
  {
    short: '403',
    happens: 'The vendor says that this caller may not do this.',
    created: 'no',
    seen: answered(403),
  },
  {
    short: '404',
    happens: 'The vendor knows no such thing.',
    created: 'no',
    seen: answered(404),
  },
  {
    short: '409',
    happens: 'The vendor has such a user already, it says.',
    created: 'no',
    seen: answered(409),
  },
  {
    short: '429;retry-after=3',
    happens: 'Too many requests: all of them for three seconds, and `Retry-After` counts down.',
    created: 'no',
    seen: answered(429),
  },
  {
    short: '500',
    happens: 'The vendor has failed, in its own words.',
    created: 'no',
    seen: answered(500),
  },
  {
    short: '503',
    happens: 'A gateway in front of the vendor answers with an HTML page. So for 502 to 599.',
    created: 'no',
    seen: answered(503, 'text/html'),
  },
  {
    short: '502;gateway-json',
    happens: 'A gateway answers with JSON of its own.',
    created: 'no',
    seen: answered(502),
  },
  {
    short: '503;vendor;retry-after=5',
    happens: 'The vendor itself says so, with a `Retry-After`.',
    created: 'no',
    seen: answered(503),
  },
  {
    short: '302;gateway;location=/login',
    happens: 'A redirect; who follows it makes a GET of it.',
    created: 'no',
    seen: {
      ...answered(302, 'text/html'),
      'Node fetch': '404 application/problem+json',
      urllib: 'HTTPError 404',
    },
  },
  {
    short: '307;gateway;location=/login',
    happens: 'A redirect; who follows it sends the same again.',
    created: 'no',
    seen: { ...answered(307, 'text/html'), 'Node fetch': '404 application/problem+json' },
  },
  {
    short: 'login-page',
    happens: '200 with an HTML page to sign in at, as a proxy shows it.',
    created: 'no',
    seen: every('200 text/html'),
  },

  {
    short: 'delay=100ms',
    happens: 'The answer comes so much later.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'delay=50ms..150ms',
    happens: 'It comes later by a time between the two.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'delay=20ms~60ms',
    happens:
      'It comes later by a log-normal time: half below the first, 99 of 100 below the second.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'delay=10s',
    happens: 'Later than the client waits. Its request is dropped with its connection.',
    created: 'no',
    slow: true,
    seen: TOO_LATE,
  },
  {
    short: 'hang',
    happens: 'No answer ever comes.',
    created: 'no',
    slow: true,
    seen: TOO_LATE,
  },
  {
    short: 'slow-headers;bytes=6;interval=50ms',
    happens: 'The headers come in pieces of 6 bytes (or 1), each 50 ms after the one before.',
    created: 'yes',
    slow: true,
    seen: TRICKLED,
  },
  {
    short: 'slow-body;bytes=6;interval=50ms',
    happens: 'So does the body, after the headers.',
    created: 'yes',
    slow: true,
    seen: TRICKLED,
  },

  {
    short: 'reset',
    happens: 'The connection is reset before a byte is answered.',
    created: 'no',
    seen: {
      ...RESET,
      // urllib sends the body after the head, so the reset may hit either.
      'http.client': ['ConnectionResetError', 'BrokenPipeError'],
      urllib: [
        'ConnectionResetError',
        'URLError (ConnectionResetError)',
        'URLError (BrokenPipeError)',
      ],
    },
  },
  {
    short: 'reset-headers',
    happens: 'It is reset in the middle of the headers.',
    created: 'yes',
    seen: RESET,
  },
  {
    short: 'reset-body',
    happens: 'It is reset in the middle of the body.',
    created: 'yes',
    seen: {
      ...RESET,
      'Node fetch': [
        'TypeError (UND_ERR_SOCKET)',
        'TypeError (UND_ERR_RES_CONTENT_LENGTH_MISMATCH)',
      ],
    },
  },
  {
    short: 'close',
    happens: 'It is closed without an answer.',
    created: 'no',
    seen: CLOSED,
  },
  {
    short: 'cut=40',
    happens: 'It is closed after 40 bytes of the body; after 20 where only `cut` is said.',
    created: 'yes',
    seen: CUT,
  },
  {
    short: 'wrong-length',
    happens: 'It is closed ten bytes short of what `Content-Length` says.',
    created: 'yes',
    seen: CUT,
  },
  {
    short: 'bad-chunk',
    happens: 'The body is chunked, and its second chunk has no size.',
    created: 'yes',
    seen: {
      ...CUT,
      'Node fetch': ['TypeError (HPE_INVALID_CHUNK_SIZE)', 'TypeError'],
      'Node http': 'Error (HPE_INVALID_CHUNK_SIZE)',
      curl: 'exit 56',
    },
  },
  {
    short: 'close-after',
    happens: 'The answer is good, and the connection that it says is kept is closed.',
    created: 'yes',
    next: 'another',
    seen: {
      ...every('201, then 201'),
      // urllib sends the body after the head, so the close may hit either.
      'http.client': [
        '201, then RemoteDisconnected',
        '201, then BrokenPipeError',
        '201, then ConnectionResetError',
      ],
    },
  },

  {
    short: 'truncated',
    happens: 'The body is cut, and its length fits.',
    created: 'yes',
    seen: UNREADABLE,
  },
  {
    short: 'wrong-type',
    happens: 'The `Content-Type` is `text/html`, the body what it was.',
    created: 'yes',
    seen: every('201 text/html'),
  },
  {
    short: 'wrong-charset',
    happens: 'The `Content-Type` says `charset=utf-16`, the body is UTF-8.',
    created: 'yes',
    seen: { ...every('201'), 'http.client': BADLY_DECODED, urllib: BADLY_DECODED },
  },
  {
    short: 'empty',
    happens: 'There is no body.',
    created: 'yes',
    seen: UNREADABLE,
  },
  {
    short: 'extra-fields',
    happens: 'Every object has a field more, which no contract knows.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'nulls',
    happens: 'Everything that the contract allows to be null is.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'unknown-enum',
    happens: 'What is one of a list of values is none of them.',
    at: 'xml',
    created: 'yes',
    seen: every('200'),
  },
  {
    short: 'reordered',
    happens: 'The fields come in another order.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'xml-prefixes',
    happens: 'The elements of an XML answer have a prefix, and with it a namespace.',
    at: 'xml',
    created: 'yes',
    seen: { ...every('200, no id'), curl: '200' },
  },
  {
    short: 'xml-comments',
    happens: 'An XML answer has comments, with something like an `Id` in them.',
    at: 'xml',
    created: 'yes',
    seen: { ...every('200'), 'Node fetch': '200, a wrong id', 'Node http': '200, a wrong id' },
  },
  {
    short: 'xml-cdata',
    happens: 'The texts of an XML answer are CDATA sections.',
    at: 'xml',
    created: 'yes',
    seen: { ...every('200'), 'Node fetch': '200, a wrong id', 'Node http': '200, a wrong id' },
  },
  {
    short: 'protobuf-unknown',
    happens: 'A protobuf answer has a field more, number 999.',
    at: 'protobuf',
    created: 'yes',
    seen: every('200'),
  },

  {
    short: 'commit-500',
    happens: 'The user is created, then the vendor fails.',
    created: 'yes',
    next: 'again',
    seen: { ...every('500, then 409'), urllib: 'HTTPError 500, then HTTPError 409' },
  },
  {
    short: 'commit-reset',
    happens: 'The user is created, then the connection is reset.',
    created: 'yes',
    seen: RESET,
  },
  {
    short: 'commit-close',
    happens: 'The user is created, then the connection is closed without an answer.',
    created: 'yes',
    seen: CLOSED,
  },
  {
    short: 'commit-hang',
    happens: 'The user is created, and no answer comes.',
    created: 'yes',
    slow: true,
    seen: TOO_LATE,
  },
  {
    short: 'not-stored',
    happens: 'The answer is as good as any, and the user is not kept.',
    created: 'no',
    seen: every('201'),
  },
  {
    short: 'created-later',
    happens: 'The vendor refuses with a 500, and creates the user all the same: 5 s later.',
    created: 'later',
    seen: answered(500),
  },
  {
    short: 'lost-then-duplicate',
    happens: 'A 500, and the user is lost; from then on it is refused as a duplicate.',
    created: 'no',
    next: 'again',
    seen: { ...every('500, then 409'), urllib: 'HTTPError 500, then HTTPError 409' },
  },
  {
    short: 'duplicate-accepted',
    happens: 'A user that is there already is created a second time.',
    created: 'twice',
    taken: true,
    seen: every('201'),
  },
]
