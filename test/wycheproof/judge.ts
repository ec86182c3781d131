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
 * What our path makes of a vector: `verified`, or the code of the refusal. The payload is not looked
 * at, but its spelling is. The issuer allows the algorithm that its key names, or the header where
 * the key names none, so that no vector ends at the allow-list that could go further.
 */
export async function judge({ token, keys }: Vector): Promise<Code | 'verified'> {
  // Some are JSON serializations, which no compact token is.
  if (typeof token !== 'string') return 'token_malformed'
  const [header = '', payload = '', ...rest] = token.split('.')
  if (payload !== '') {
    const whole = parseJws(token, token.length)
    if (whole instanceof Refusal && whole.code !== 'payload_malformed') return whole.code
  }
  const parsed = parseJws([header, noClaims, ...rest].join('.'), 1e6)
  if (parsed instanceof Refusal) return parsed.code

  const policy = policyFor([...keys.map((key) => key['alg']), parsed.header.alg])
  const wrongHeader = checkHeader(parsed.header, policy)
  if (wrongHeader) return wrongHeader.code
  const key = selectKey(await readKeys(keys, policy), parsed.header)
  if (key instanceof Refusal) return key.code

  const verdict = await verifySignature({ ...parsed, raw: token }, key)
  return verdict instanceof Refusal ? verdict.code : 'verified'
}

function policyFor(names: readonly unknown[]): IssuerPolicy {
  const algorithm = names.find(isAlgorithm)
  const options = { issuer, ...(algorithm && { algorithms: [algorithm] }) }
  return createPolicy(options, 'verifier').issuers.get(issuer)!
}
