import { act } from './actor.ts'
import { alg } from './algorithm.ts'
import type { Group } from '../runner/attempt.ts'
import { aud } from './audience.ts'
import { cache } from './cache.ts'
import { conc } from './concurrency.ts'
import { ctrl } from './valid-tokens.ts'
import { disc } from './discovery.ts'
import { dos } from './denial-of-service.ts'
import { dpop } from './sender-constraint.ts'
import { enc } from './encoding.ts'
import { fault } from './key-set-availability.ts'
import { hdr } from './header.ts'
import { http } from './http.ts'
import { iss } from './issuer.ts'
import { keyGroup } from './key.ts'
import { leak } from './leak.ts'
import { scp } from './scope.ts'
import { time } from './time.ts'
import { typ } from './token-type.ts'

/** Every group of the corpus, by the first part of its cases' ids. */
export const groups: Readonly<Record<string, Group>> = {
  ACT: act,
  ALG: alg,
  AUD: aud,
  CACHE: cache,
  CONC: conc,
  CTRL: ctrl,
  DISC: disc,
  DOS: dos,
  DPOP: dpop,
  ENC: enc,
  FAULT: fault,
  HDR: hdr,
  HTTP: http,
  ISS: iss,
  KEY: keyGroup,
  LEAK: leak,
  SCP: scp,
  TIME: time,
  TYP: typ,
}
