import { TLS_FAULTS, type TlsFault } from '../../../src/core/fault.ts'
import { code, table } from '../../helpers/document.ts'

/** The clients that are tested with every fault of the handshake, as docs/tls.md names them. */
export const TLS_CLIENTS = [
  'Node fetch',
  'Node https',
  'curl',
  'Python urllib',
  'Java HttpClient',
  'Go net/http',
] as const
export type TlsClient = (typeof TLS_CLIENTS)[number]

/** A client's report; a list where versions or systems make a difference. */
type Report = string | readonly string[]

export interface TlsFaultRow {
  readonly happens: string
  readonly seen: Readonly<Record<TlsClient, Report>>
}

const NODE_CUT = 'ECONNRESET'

/** Each fault of the handshake with what clients report of it. */
export const TLS_ROWS: Readonly<Record<TlsFault, TlsFaultRow>> = {
  expired: {
    happens: 'the certificate expired yesterday',
    seen: {
      'Node fetch': 'TypeError (CERT_HAS_EXPIRED)',
      'Node https': 'Error (CERT_HAS_EXPIRED)',
      curl: 'exit 60',
      'Python urllib': 'SSLCertVerificationError (certificate has expired)',
      'Java HttpClient': 'SSLHandshakeException (CertificateExpiredException)',
      'Go net/http': 'x509.CertificateInvalidError',
    },
  },
  'not-yet-valid': {
    happens: 'the certificate is valid from next month on',
    seen: {
      'Node fetch': 'TypeError (CERT_NOT_YET_VALID)',
      'Node https': 'Error (CERT_NOT_YET_VALID)',
      curl: 'exit 60',
      'Python urllib': 'SSLCertVerificationError (certificate is not yet valid)',
      'Java HttpClient': 'SSLHandshakeException (CertificateNotYetValidException)',
      'Go net/http': 'x509.CertificateInvalidError',
    },
  },
  'wrong-host': {
    happens: 'the certificate is for `wrong-host.invalid`',
    seen: {
      'Node fetch': 'TypeError (ERR_TLS_CERT_ALTNAME_INVALID)',
      'Node https': 'Error (ERR_TLS_CERT_ALTNAME_INVALID)',
      curl: 'exit 60',
      'Python urllib': 'SSLCertVerificationError (Hostname mismatch)',
      'Java HttpClient': 'SSLHandshakeException (CertificateException)',
      'Go net/http': 'x509.HostnameError',
    },
  },
  'unknown-ca': {
    happens: 'a CA that nobody trusts has signed the certificate',
    seen: {
      'Node fetch': 'TypeError (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
      'Node https': 'Error (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
      curl: 'exit 60',
      'Python urllib': 'SSLCertVerificationError (unable to get local issuer certificate)',
      'Java HttpClient': 'SSLHandshakeException (SunCertPathBuilderException)',
      'Go net/http': 'x509.UnknownAuthorityError',
    },
  },
  cut: {
    happens: 'the connection is closed after the ClientHello',
    seen: {
      'Node fetch': `TypeError (${NODE_CUT})`,
      'Node https': `Error (${NODE_CUT})`,
      curl: 'exit 35',
      'Python urllib': ['SSLEOFError', 'SSLZeroReturnError'],
      'Java HttpClient': ['SSLHandshakeException', 'SSLHandshakeException (EOFException)'],
      'Go net/http': 'EOF',
    },
  },
  reset: {
    happens: 'the connection is reset after the ClientHello',
    seen: {
      'Node fetch': `TypeError (${NODE_CUT})`,
      'Node https': `Error (${NODE_CUT})`,
      curl: 'exit 35',
      'Python urllib': 'ConnectionResetError',
      'Java HttpClient': ['SSLHandshakeException (SocketException)', 'SocketException'],
      'Go net/http': 'connection reset by peer',
    },
  },
  'old-protocol': {
    happens: 'the server offers TLS 1.0 and 1.1 only',
    seen: {
      'Node fetch': 'TypeError (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION)',
      'Node https': ['Error (EPROTO)', 'Error (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION)'],
      curl: 'exit 35',
      'Python urllib': 'SSLError (tlsv1 alert protocol version)',
      'Java HttpClient': 'SSLHandshakeException',
      'Go net/http': 'tls: protocol version not supported',
    },
  },
}

/** Makes the table of docs/tls.md. */
export function tlsTable(): string {
  const rows = TLS_FAULTS.map((fault) => [
    code(`tls=${fault}`),
    TLS_ROWS[fault].happens,
    ...TLS_CLIENTS.map((client) => [TLS_ROWS[fault].seen[client]].flat().map(code).join(' or ')),
  ])
  return table(['Fault', 'What happens', ...TLS_CLIENTS], rows)
}
