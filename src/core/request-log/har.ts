import { STATUS_CODES } from 'node:http'
import type { RecordedHeaders, RedactedRecord } from './redacted-record.ts'

interface NameValue {
  readonly name: string
  readonly value: string
}

/** Exports requests as an HTTP Archive 1.2; fields of our own begin with `_`, as HAR requires. */
export function harOf(records: readonly RedactedRecord[], version: string) {
  return {
    log: {
      version: '1.2' as const,
      creator: { name: 'standin', version },
      entries: records.map(harEntryOf),
    },
  }
}

/** One entry of the archive. */
export function harEntryOf(record: RedactedRecord) {
  const { id, time, api, operation, query, headers, body, answer, ms, https } = record
  const { problem, faults, deliveries, line } = record
  // HAR requires both, and a malformed request has neither.
  const { method = 'UNKNOWN', path = '/' } = record
  const host = headerValue(headers, 'host') ?? 'localhost'
  return {
    startedDateTime: time,
    time: ms,
    request: {
      method,
      url: `${https ? 'https' : 'http'}://${host}${path}${query === undefined ? '' : `?${query}`}`,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: headerList(headers),
      queryString: [...new URLSearchParams(query ?? '')].map(([name, value]) => ({ name, value })),
      headersSize: -1,
      bodySize: body?.size ?? 0,
      ...(body === undefined
        ? {}
        : {
            postData: {
              mimeType: headerValue(headers, 'content-type') ?? '',
              text: body.text,
              params: [],
              ...(body.cut ? { comment: 'cut' } : {}),
            },
          }),
    },
    response: {
      status: answer.status,
      statusText: STATUS_CODES[answer.status] ?? '',
      httpVersion: answer.status === 0 ? '' : 'HTTP/1.1',
      cookies: [],
      headers: headerList(answer.headers),
      content: {
        size: answer.body.size,
        mimeType: headerValue(answer.headers, 'content-type') ?? 'x-unknown',
        text: answer.body.text,
        ...(answer.body.encoding ? { encoding: answer.body.encoding } : {}),
      },
      redirectURL: '',
      headersSize: -1,
      bodySize: answer.body.size,
      // As browsers report a request without a status.
      ...(answer.status === 0 ? { _error: 'the connection ended without an answer' } : {}),
    },
    cache: {},
    timings: { send: 0, wait: ms, receive: 0 },
    _id: id,
    ...(line === undefined ? {} : { _line: line }),
    ...(api === undefined ? {} : { _api: api }),
    ...(operation === undefined ? {} : { _operation: operation }),
    ...(problem === undefined ? {} : { _reason: problem.reason }),
    ...(faults === undefined ? {} : { _faults: faults }),
    ...(deliveries === undefined ? {} : { _deliveries: deliveries }),
  }
}

function headerList(headers: RecordedHeaders): NameValue[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ name, value })),
  )
}

function headerValue(headers: RecordedHeaders, lowerName: string): string | undefined {
  const header = Object.entries(headers).find(([name]) => name.toLowerCase() === lowerName)
  return header && [header[1]].flat()[0]
}
