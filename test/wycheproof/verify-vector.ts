import { isAlgorithm } from '../../packages/core/src/options/algorithms.ts'
import { readKeys, selectKey } from '../../packages/core/src/jose/key-set.ts'
import { parseJws } from '../../packages/core/src/jose/jws.ts'
import { createPolicy, type IssuerPolicy } from '../../packages/core/src/config/policy.ts'
import { type Code } from '../../packages/core/src/errors/codes.ts'
import { Refusal } from '../../packages/core/src/errors/refusal.ts'
import { verifySignature } from '../../packages/core/src/jose/signature.ts'
import { checkHeader } from '../../packages/core/src/verify/trusted-issuer.ts'
import type { Vector } from './vectors.ts'

const issuer = 'https://wycheproof.example'
const noClaims = Buffer.from('{}').toString('base64url')

/**
 * Verifies a vector. Resolves to `verified` or to the code of the refusal. Only the encoding of the
 * payload is checked. The issuer allows the algorithm of its key, or of the header if the key has none,
 * so that the allowlist refuses no vector that a later check must refuse.
 */
export async function verifyVector({ token, keys }: Vector): Promise<Code | 'verified'> {
  // Some vectors are JSON serializations, which are not compact tokens.
  if (typeof token !== 'string') return 'token_malformed'
  const [header = '', payload = '', ...rest] = token.split('.')
  if (payload !== '') {
    const complete = parseJws(token, token.length)
    if (complete instanceof Refusal && complete.code !== 'payload_malformed') return complete.code
  }
  const parsed = parseJws([header, noClaims, ...rest].join('.'), 1e6)
  if (parsed instanceof Refusal) return parsed.code

  const policy = policyFor([...keys.map((key) => key['alg']), parsed.header.alg])
  const headerRefusal = checkHeader(parsed.header, policy)
  if (headerRefusal) return headerRefusal.code
  const key = selectKey(await readKeys(keys, policy), parsed.header)
  if (key instanceof Refusal) return key.code

  const result = await verifySignature({ ...parsed, raw: token }, key)
  return result instanceof Refusal ? result.code : 'verified'
}

function policyFor(algorithms: readonly unknown[]): IssuerPolicy {
  const algorithm = algorithms.find(isAlgorithm)
  const options = { issuer, ...(algorithm && { algorithms: [algorithm] }) }
  return createPolicy(options, 'verifier').issuers.get(issuer)!
}
