import { UnsecuredJWT, SignJWT } from 'jose'
import type { TokenRequest } from '../../core/vendor.ts'

/** Makes a JWT that the sandbox accepts, or on purpose does not. */
export async function mintToken(request: TokenRequest, secret: string): Promise<string> {
  const { scopes, expires, notBefore, issuedAt, algorithm = 'HS256' } = request
  const claims = { scope: scopes.join(' ') }
  const token =
    algorithm === 'none'
      ? new UnsecuredJWT(claims)
      : new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'JWT' })
  token.setIssuer('standin').setIssuedAt(issuedAt)
  if (expires !== undefined) token.setExpirationTime(expires)
  if (notBefore !== undefined) token.setNotBefore(notBefore)
  return token instanceof UnsecuredJWT ? token.encode() : token.sign(Buffer.from(secret))
}
