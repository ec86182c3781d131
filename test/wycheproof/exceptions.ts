import type { Code } from '../../packages/core/src/errors/codes.ts'

interface Exception {
  readonly code: Code
  readonly reason: string
}

const symmetric: Exception = {
  code: 'algorithm_not_allowed',
  reason:
    'symmetric algorithms are not supported: with a shared secret, every verifier can issue tokens',
}

const otherPssAlgorithm: Exception = {
  code: 'algorithm_not_allowed',
  reason: 'the key has alg PS256 and the header PS384: a key is used for one algorithm only',
}

const es521: Exception = {
  code: 'key_not_found',
  reason: "the key's alg is ES521, which does not exist (RFC 7518 section 3.1)",
}

const encoding: Exception = {
  code: 'token_malformed',
  reason: 'it has characters outside the base64url alphabet (RFC 7515 section 2), and is symmetric',
}

const jwe: Exception = {
  code: 'token_encrypted',
  reason: 'encrypted tokens are not supported: RFC 9068 section 2.1 requires signed tokens',
}

/** Valid vectors that are refused, with the code. No invalid vector is accepted. */
export const exceptions: Readonly<Record<string, Exception>> = {
  'signature 1': symmetric,
  'signature 346': otherPssAlgorithm,
  'signature 347': es521,
  'signature 348': symmetric,
  'signature 350': otherPssAlgorithm,
  'signature 351': es521,
  'signature 352': symmetric,
  'signature 357': symmetric,
  'signature 358': symmetric,
  'signature 359': symmetric,
  'signature 372': encoding,
  'signature 373': encoding,
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
