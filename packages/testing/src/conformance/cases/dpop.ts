import {
  byFramework,
  type Case,
  type ExpectedResponse,
  invalidToken,
  refusedDpop,
  unavailable,
} from '../case.ts'
import { formatGet } from '../raw-http.ts'

const dpopToken = 'Authorization: DPoP {{dpop-bound}}'

const granted: ExpectedResponse = {
  ...byFramework(200, { outcome: 'granted' }),
  challenges: [],
  handled: true,
}

/** A request to `/any` with the bound token and these proofs. */
const send = (...proofs: readonly string[]): string =>
  formatGet('/any', dpopToken, ...proofs.map((name) => `DPoP: {{${name}}}`))

const keptOpen = (request: string): string => request.replace('Connection: close\r\n', '')

const badProof = (code: Parameters<typeof refusedDpop>[0]): ExpectedResponse =>
  refusedDpop(code, 'invalid_dpop_proof', 'The DPoP proof is not valid')

const dpop = (id: string, request: string, ...expect: readonly ExpectedResponse[]): Case => ({
  id,
  proves: ['dpop'],
  setup: 'dpop',
  request,
  expect,
})

export const dpopCases: readonly Case[] = [
  dpop(
    'dpop-proof-used-twice',
    keptOpen(send('dpop-proof')) + send('dpop-proof'),
    granted,
    badProof('proof_replayed'),
  ),
  dpop('dpop-without-proof', send(), badProof('proof_missing')),
  dpop('dpop-two-proofs', send('dpop-proof-2', 'dpop-proof-3'), badProof('proof_malformed')),
  dpop('dpop-for-another-method', send('dpop-proof-for-post'), badProof('proof_mismatch')),
  dpop('dpop-old', send('dpop-old-proof'), badProof('proof_not_current')),
  dpop(
    'dpop-wrong-signature',
    send('dpop-proof-with-wrong-signature'),
    badProof('proof_signature_invalid'),
  ),
  dpop(
    'dpop-of-another-key',
    send('dpop-proof-of-another-key'),
    refusedDpop('binding_mismatch', 'invalid_token', 'The access token is bound to another key'),
  ),
  dpop(
    'dpop-scheme-without-binding',
    formatGet('/any', 'Authorization: DPoP {{good}}', 'DPoP: {{dpop-proof-2}}'),
    refusedDpop('binding_required', 'invalid_token', 'The access token is not bound to a key'),
  ),
  {
    id: 'dpop-nonce-required',
    proves: ['dpop'],
    setup: 'dpop-nonce',
    request: send('dpop-proof'),
    expect: [
      refusedDpop(
        'proof_nonce_required',
        'use_dpop_nonce',
        'The DPoP proof must contain a current nonce from this server',
      ),
    ],
  },
  {
    id: 'dpop-store-down',
    proves: ['dpop', 'outage'],
    setup: 'dpop-store-down',
    request: send('dpop-proof'),
    expect: [
      unavailable('replay_store_unavailable', 'The DPoP proof cannot be verified at the moment'),
    ],
  },
  {
    id: 'certificate-missing',
    proves: ['bound-token'],
    setup: 'mtls',
    request: formatGet('/any', 'Authorization: Bearer {{certificate-bound}}'),
    expect: [invalidToken('binding_unproven', 'The access token is bound to a key')],
  },
]
