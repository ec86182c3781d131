import type { Code } from '../../packages/core/src/errors/codes.ts'

interface Exception {
  readonly code: Code
  readonly because: string
}

const symmetric: Exception = {
  code: 'algorithm_not_allowed',
  because:
    'with a shared secret whoever can verify can also mint: symmetric algorithms are never allowed',
}

const otherPs: Exception = {
  code: 'algorithm_not_allowed',
  because: 'the key says PS256 and the header PS384: one key serves one algorithm',
}

const es521: Exception = {
  code: 'key_not_found',
  because: "the key's alg is ES521, which does not exist (RFC 7518 section 3.1)",
}

const spelling: Exception = {
  code: 'token_malformed',
  because:
    'there are characters outside the base64url alphabet (RFC 7515 section 2), and it is symmetric',
}

const jwe: Exception = {
  code: 'token_encrypted',
  because: 'encrypted tokens are not read: RFC 9068 section 2.1 has signed ones',
}

/** Vectors that are valid and that we refuse, with our code. There is none the other way around. */
export const exceptions: Readonly<Record<string, Exception>> = {
  'signature 1': symmetric,
  'signature 346': otherPs,
  'signature 347': es521,
  'signature 348': symmetric,
  'signature 350': otherPs,
  'signature 351': es521,
  'signature 352': symmetric,
  'signature 357': symmetric,
  'signature 358': symmetric,
  'signature 359': symmetric,
  'signature 372': spelling,
  'signature 373': spelling,
  'signature 376': symmetric,
  'signature 377': symmetric,
  'key 2': symmetric,
  'key 13': symmetric,
  'key 14': symmetric,
  'key 15': symmetric,
  'crypto 1': symmetric,
  'crypto 48': symmetric,
  'crypto 50': jwe,
  'crypto 67': jwe,
}
