/** The clients that are tested with every fault, by their names in the table of docs/fault-reference.md. */
export const CLIENTS = ['Node fetch', 'Node http', 'curl', 'http.client', 'urllib'] as const
export type Client = (typeof CLIENTS)[number]

/** A client's report: a status or an error; a list where versions or a race make a difference. */
export type Report = string | readonly string[]

/** One fault as docs/fault-reference.md shows it and test/core/faults/clients.test.ts checks it. */
export interface Fault {
  /** Its short form. */
  readonly short: string
  readonly happens: string
  /** The API or format of the example; some faults apply to one format only. */
  readonly at?: 'cryptlex' | 'xml' | 'protobuf'
  /** Time at which a good create call creates the user, if it does. */
  readonly created: 'yes' | 'no' | 'later' | 'twice'
  /** True if the user exists before. */
  readonly taken?: true
  /** The client's second request: the same again, or another good one on the same connection. */
  readonly next?: 'again' | 'another'
  /** True if the answer takes longer than the clients of the table wait. */
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
    happens: 'The vendor refuses the first required field.',
    created: 'no',
    seen: answered(400),
  },
  {
    short: '400;fields=email,firstName:maxLength',
    happens: 'The vendor refuses these fields; the broken rule follows the colon.',
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
    happens: 'The vendor refuses with this `Standin-Reason` and its status.',
    created: 'no',
    seen: answered(409),
  },
  {
    short: '403',
    happens: 'The vendor refuses the caller for a missing permission.',
    created: 'no',
    seen: answered(403),
  },
  {
    short: '404',
    happens: 'The vendor does not find the resource.',
    created: 'no',
    seen: answered(404),
  },
  {
    short: '409',
    happens: 'The vendor refuses the user as a duplicate.',
    created: 'no',
    seen: answered(409),
  },
  {
    short: '429;retry-after=3',
    happens: 'The vendor refuses all requests for three seconds; `Retry-After` counts down.',
    created: 'no',
    seen: answered(429),
  },
  {
    short: '500',
    happens: 'The vendor fails with its own error.',
    created: 'no',
    seen: answered(500),
  },
  {
    short: '503',
    happens: 'A gateway in front of the vendor answers with an HTML page; default for 502 to 599.',
    created: 'no',
    seen: answered(503, 'text/html'),
  },
  {
    short: '502;gateway-json',
    happens: 'A gateway answers with its own JSON.',
    created: 'no',
    seen: answered(502),
  },
  {
    short: '503;vendor;retry-after=5',
    happens: 'The vendor itself answers, with a `Retry-After`.',
    created: 'no',
    seen: answered(503),
  },
  {
    short: '302;gateway;location=/login',
    happens: 'A redirect that clients follow with a GET.',
    created: 'no',
    seen: {
      ...answered(302, 'text/html'),
      'Node fetch': '404 application/problem+json',
      urllib: 'HTTPError 404',
    },
  },
  {
    short: '307;gateway;location=/login',
    happens: 'A redirect that clients follow with the same request.',
    created: 'no',
    seen: { ...answered(307, 'text/html'), 'Node fetch': '404 application/problem+json' },
  },
  {
    short: 'login-page',
    happens: '200 with an HTML login page, as from a proxy.',
    created: 'no',
    seen: every('200 text/html'),
  },

  {
    short: 'delay=100ms',
    happens: 'The answer is delayed by this time.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'delay=50ms..150ms',
    happens: 'The answer is delayed by a random time between the two.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'delay=20ms~60ms',
    happens: 'The answer is delayed by a log-normal time with this median and 99th percentile.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'delay=10s',
    happens: 'The answer is later than the client waits; the request ends with its connection.',
    created: 'no',
    slow: true,
    seen: TOO_LATE,
  },
  {
    short: 'hang',
    happens: 'No answer is sent.',
    created: 'no',
    slow: true,
    seen: TOO_LATE,
  },
  {
    short: 'slow-headers;bytes=6;interval=50ms',
    happens: 'The headers are sent in pieces of 6 bytes (default 1), 50 ms apart.',
    created: 'yes',
    slow: true,
    seen: TRICKLED,
  },
  {
    short: 'slow-body;bytes=6;interval=50ms',
    happens: 'The body is sent in pieces, after the headers.',
    created: 'yes',
    slow: true,
    seen: TRICKLED,
  },

  {
    short: 'reset',
    happens: 'The connection is reset before the answer.',
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
    happens: 'The connection is reset within the headers.',
    created: 'yes',
    seen: RESET,
  },
  {
    short: 'reset-body',
    happens: 'The connection is reset within the body.',
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
    happens: 'The connection is closed without an answer.',
    created: 'no',
    seen: CLOSED,
  },
  {
    short: 'cut=40',
    happens: 'The connection is closed after 40 bytes of the body; plain `cut`: after 20.',
    created: 'yes',
    seen: CUT,
  },
  {
    short: 'wrong-length',
    happens: 'The connection is closed ten bytes before the end that `Content-Length` announces.',
    created: 'yes',
    seen: CUT,
  },
  {
    short: 'bad-chunk',
    happens: 'The body is chunked, and its second chunk has an invalid size.',
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
    happens: 'The answer is good, and the connection is closed although it should stay open.',
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
    happens: 'The body is truncated, and `Content-Length` agrees.',
    created: 'yes',
    seen: UNREADABLE,
  },
  {
    short: 'wrong-type',
    happens: 'The `Content-Type` is `text/html`; the body is unchanged.',
    created: 'yes',
    seen: every('201 text/html'),
  },
  {
    short: 'wrong-charset',
    happens: 'The `Content-Type` has `charset=utf-16`; the body is UTF-8.',
    created: 'yes',
    seen: { ...every('201'), 'http.client': BADLY_DECODED, urllib: BADLY_DECODED },
  },
  {
    short: 'empty',
    happens: 'The body is empty.',
    created: 'yes',
    seen: UNREADABLE,
  },
  {
    short: 'extra-fields',
    happens: 'Every object has an additional field that is not in the contract.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'nulls',
    happens: 'Every nullable field is null.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'unknown-enum',
    happens: 'Every enum field has an unknown value.',
    at: 'xml',
    created: 'yes',
    seen: every('200'),
  },
  {
    short: 'reordered',
    happens: 'The fields are in another order.',
    created: 'yes',
    seen: every('201'),
  },
  {
    short: 'xml-prefixes',
    happens: 'The elements of an XML answer have a prefix and a namespace.',
    at: 'xml',
    created: 'yes',
    seen: { ...every('200, no id'), curl: '200' },
  },
  {
    short: 'xml-comments',
    happens: 'An XML answer has comments that contain an `Id` element.',
    at: 'xml',
    created: 'yes',
    seen: { ...every('200'), 'Node fetch': '200, a wrong id', 'Node http': '200, a wrong id' },
  },
  {
    short: 'xml-cdata',
    happens: 'The texts of an XML answer are in CDATA sections.',
    at: 'xml',
    created: 'yes',
    seen: { ...every('200'), 'Node fetch': '200, a wrong id', 'Node http': '200, a wrong id' },
  },
  {
    short: 'protobuf-unknown',
    happens: 'A protobuf answer has an additional field with the number 999.',
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
    happens: 'The user is created, and no answer is sent.',
    created: 'yes',
    slow: true,
    seen: TOO_LATE,
  },
  {
    short: 'not-stored',
    happens: 'The answer is a success, and the user is not stored.',
    created: 'no',
    seen: every('201'),
  },
  {
    short: 'created-later',
    happens: 'The vendor answers 500 and creates the user 5 s later.',
    created: 'later',
    seen: answered(500),
  },
  {
    short: 'lost-then-duplicate',
    happens: 'The vendor answers 500 and loses the user, then refuses it as a duplicate.',
    created: 'no',
    next: 'again',
    seen: { ...every('500, then 409'), urllib: 'HTTPError 500, then HTTPError 409' },
  },
  {
    short: 'duplicate-accepted',
    happens: 'An existing user is created a second time.',
    created: 'twice',
    taken: true,
    seen: every('201'),
  },
]
