import { boolean, option, text } from '../../core/option.ts'

export const options = {
  jwtSecret: option({
    fallback: undefined,
    value: 'TEXT',
    help: 'key of HS256 tokens for Cryptlex, at least 32 bytes',
    secret: true,
    read: secret,
  }),
  jwks: option({
    fallback: undefined,
    value: 'FILE',
    help: 'JSON Web Key Set with the public keys of RS256 and ES256 tokens',
    read: text,
  }),
  jwtVerify: option({
    fallback: true,
    value: 'BOOLEAN',
    help: 'check the signatures of JWTs',
    read: boolean,
  }),
}

function secret(given: string): string {
  if (Buffer.byteLength(given) < 32) throw new Error('must have at least 32 bytes')
  return given
}
