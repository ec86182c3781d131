import type { Group } from '../runner/attempt.ts'
import { actorCases } from './actor.ts'
import { algorithmCases } from './algorithm.ts'
import { audienceCases } from './audience.ts'
import { cacheCases } from './cache.ts'
import { concurrencyCases } from './concurrency.ts'
import { credentialSourceCases } from './credential-source.ts'
import { denialOfServiceCases } from './denial-of-service.ts'
import { discoveryCases } from './discovery.ts'
import { encodingCases } from './encoding.ts'
import { headerCases } from './header.ts'
import { httpCases } from './http.ts'
import { issuerCases } from './issuer.ts'
import { availabilityCases } from './key-set-availability.ts'
import { keyCases } from './key.ts'
import { leakCases } from './leak.ts'
import { scopeCases } from './scope.ts'
import { certificateCases, encodingsOfCertificates } from './certificate.ts'
import { dpopCases, dpopInOtherGroups, firstDpopCases } from './dpop.ts'
import { senderConstraintCases } from './sender-constraint.ts'
import { timeCases } from './time.ts'
import { tokenTypeCases } from './token-type.ts'
import { validTokenCases } from './valid-tokens.ts'

/** The groups of the corpus, by the prefix of their case ids. */
export const groups: Readonly<Record<string, Group>> = {
  ACT: actorCases,
  ALG: algorithmCases,
  AUD: audienceCases,
  CACHE: { ...cacheCases, ...dpopInOtherGroups.CACHE },
  CONC: concurrencyCases,
  CTRL: validTokenCases,
  DISC: discoveryCases,
  DOS: denialOfServiceCases,
  DPOP: {
    ...senderConstraintCases,
    ...firstDpopCases,
    'DPOP-mtls-enc': encodingsOfCertificates,
  },
  DPOP2: dpopCases,
  ENC: encodingCases,
  FAULT: availabilityCases,
  HDR: headerCases,
  HTTP: { ...httpCases, ...dpopInOtherGroups.HTTP },
  ISS: issuerCases,
  KEY: keyCases,
  LEAK: { ...leakCases, ...dpopInOtherGroups.LEAK },
  MTLS: certificateCases,
  SCP: scopeCases,
  SRC: credentialSourceCases,
  TIME: timeCases,
  TYP: tokenTypeCases,
}
