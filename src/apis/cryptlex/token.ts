import { UnsecuredJWT, SignJWT } from 'jose'

export interface TokenRequest {
  readonly scopes: readonly string[]
  /** Seconds since 1970. */
  readonly expires?: number
  readonly notBefore?: number
  readonly issuedAt: number
  /** `none` makes what no server may accept. */
  readonly algorithm?: 'HS256' | 'none'
}

/** A JWT as the sandbox accepts it, or on purpose does not. */
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
