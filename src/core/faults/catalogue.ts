import type { Api } from '../api.ts'

/** A fault that can be armed for an operation, with its effect in plain words. */
export interface CatalogueFault {
  /** Short form. */
  readonly fault: string
  readonly text: string
  readonly group: FaultGroup
  /** True for the faults that testers need most. */
  readonly common: boolean
}

export type FaultGroup = 'refusal' | 'time' | 'connection' | 'body' | 'outcome' | 'webhook'

/** Requirements that an operation must meet for a fault to have an effect. */
type Condition = 'create' | 'write' | 'xml' | 'protobuf' | 'webhooks'

type Row = readonly [fault: string, text: string, needs?: Condition]

// Each text is an imperative without a subject: "Make this fail: create the user, then answer 500".
const ROWS: Readonly<Record<FaultGroup, readonly Row[]>> = {
  refusal: [
    ['500', 'Refuse with 500'],
    ['503;retry-after=3', 'Refuse with 503, retry after 3 s'],
    ['429;retry-after=3', 'Rate limit, retry after 3 s'],
    ['401', 'Refuse the credentials with 401'],
    ['403', 'Refuse with 403'],
    ['404', 'Refuse with 404'],
    ['502', 'Answer 502 as a gateway does'],
    ['504', 'Answer 504 as a gateway does'],
    ['503;gateway-json', 'Answer 503 in the JSON of a gateway'],
    ['302;gateway;location=/login', 'Redirect to a login page'],
    ['login-page', 'Answer 200 with a login page in HTML'],
  ],
  outcome: [
    ['commit-500', 'Create the user, then answer 500', 'create'],
    ['commit-500', 'Store the change, then answer 500', 'write'],
    ['commit-reset', 'Create the user, then reset the connection', 'create'],
    ['commit-hang', 'Create the user, then do not answer', 'create'],
    ['not-stored', 'Answer success, but do not store the user', 'create'],
    ['created-later', 'Answer 500, and create the user 5 s later', 'create'],
    ['lost-then-duplicate', 'Answer 500, then refuse the retry as a duplicate', 'create'],
    ['duplicate-accepted', 'Create an existing user a second time', 'create'],
  ],
  time: [
    ['hang', 'Do not answer (time out)'],
    ['delay=2s', 'Answer after 2 s'],
    ['delay=200ms~2s', 'Answer after 200 ms, and after 2 s in 1 of 100 requests'],
    ['slow-headers;bytes=6;interval=50ms', 'Send the headers slowly'],
    ['slow-body;bytes=6;interval=50ms', 'Send the body slowly'],
  ],
  connection: [
    ['reset', 'Reset the connection'],
    ['close', 'Close the connection without an answer'],
    ['cut', 'Cut the response body'],
    ['reset-headers', 'Reset the connection within the headers'],
    ['reset-body', 'Reset the connection within the body'],
    ['wrong-length', 'Announce a longer body than is sent'],
    ['bad-chunk', 'Send a chunk with an invalid size'],
    ['close-after', 'Answer normally, then close the connection'],
  ],
  body: [
    ['truncated', 'Send half of the body, as if complete'],
    ['empty', 'Send an empty body'],
    ['wrong-type', 'Declare the body as text/html'],
    ['wrong-charset', 'Declare the body as utf-16'],
    ['extra-fields', 'Add a field that the contract does not have'],
    ['nulls', 'Set every nullable field to null'],
    ['unknown-enum', 'Give every enum field an unknown value'],
    ['reordered', 'Change the order of the fields'],
    ['xml-prefixes', 'Put the XML elements in a namespace', 'xml'],
    ['xml-comments', 'Put comments into the XML', 'xml'],
    ['xml-cdata', 'Put the XML texts in CDATA sections', 'xml'],
    ['protobuf-unknown', 'Add an unknown protobuf field', 'protobuf'],
  ],
  webhook: [
    ['webhook=drop', 'Do not send the webhook', 'webhooks'],
    ['webhook=delay', 'Send the webhook 5 s later', 'webhooks'],
    ['webhook=duplicate', 'Send the webhook twice', 'webhooks'],
    ['webhook=duplicate-new-id', 'Send the webhook twice, with two ids', 'webhooks'],
    ['webhook=reorder', 'Send the webhook after a later one', 'webhooks'],
    ['webhook=before-answer', 'Send the webhook before the answer', 'webhooks'],
    ['webhook=after-delete', 'Send the webhook after the user is deleted', 'webhooks'],
    ['webhook=wrong-secret', 'Sign the webhook with a wrong secret', 'webhooks'],
    ['webhook=stale-timestamp', 'Sign the webhook with a time 1 h ago', 'webhooks'],
    ['webhook=reserialised', 'Change the white space of the signed webhook', 'webhooks'],
    ['webhook=unsigned', 'Send the webhook without a signature', 'webhooks'],
    ['webhook=header-case', 'Send the webhook with headers in another case', 'webhooks'],
    ['webhook=truncated', 'Send half of the webhook', 'webhooks'],
    ['webhook=gzip', 'Compress the webhook', 'webhooks'],
    ['webhook=chunked', 'Send the webhook in chunks', 'webhooks'],
    ['webhook=large', 'Send a very large webhook', 'webhooks'],
    ['webhook=extra-fields', 'Add unknown fields to the webhook', 'webhooks'],
    ['webhook=unknown-event', 'Send the webhook with an unknown event', 'webhooks'],
    ['webhook=redirect', 'Send the webhook through a redirect', 'webhooks'],
    ['webhook=slow', 'Send the webhook slowly', 'webhooks'],
  ],
}

/** The faults at the beginning of each list, in this order. */
const COMMON = ['500', 'commit-500', 'hang', 'reset', 'cut', '429;retry-after=3']

/** The properties of an operation that decide which faults have an effect. */
export interface FaultTarget {
  readonly api: Pick<Api, 'formats' | 'refusals' | 'users' | 'webhooks'>
  /** Undefined for all operations of the API. */
  readonly operation?: { readonly id: string; readonly method: string } | undefined
}

/** Lists the faults that have an effect on an operation, the common ones first. */
export function catalogueFor({ api, operation }: FaultTarget): readonly CatalogueFault[] {
  const speaks = (name: string) => api.formats.some(({ mediaType }) => mediaType.includes(name))
  const creates = operation === undefined || operation.id === api.users?.operation
  const writes = operation === undefined || operation.method.toUpperCase() !== 'GET'
  const meets: Readonly<Record<Condition, boolean>> = {
    create: creates,
    write: writes && !creates,
    xml: speaks('xml'),
    protobuf: speaks('protobuf'),
    webhooks: writes && api.webhooks !== undefined,
  }
  const generic = (Object.entries(ROWS) as [FaultGroup, readonly Row[]][]).flatMap(
    ([group, rows]) =>
      rows
        .filter(([, , needs]) => needs === undefined || meets[needs])
        .map(([fault, text]) => ({ fault, text, group, common: COMMON.includes(fault) })),
  )
  const refusals = Object.entries(api.refusals ?? {}).map(([reason, problem]) => {
    const { status, message } = problem()
    const fault = reason.includes('.') ? reason : `reason=${reason}`
    return {
      fault,
      text: `Refuse with ${status}: ${message}`,
      group: 'refusal',
      common: false,
    } as const
  })
  const rank = ({ fault, common }: CatalogueFault) =>
    common ? COMMON.indexOf(fault) : COMMON.length
  return [...generic, ...refusals].sort((a, b) => rank(a) - rank(b))
}
