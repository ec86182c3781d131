import { act } from './act.ts'
import { alg } from './alg.ts'
import type { Group } from './attempt.ts'
import { aud } from './aud.ts'
import { cache } from './cache.ts'
import { conc } from './conc.ts'
import { ctrl } from './ctrl.ts'
import { disc } from './disc.ts'
import { dos } from './dos.ts'
import { dpop } from './dpop.ts'
import { enc } from './enc.ts'
import { fault } from './fault.ts'
import { hdr } from './hdr.ts'
import { http } from './http.ts'
import { iss } from './iss.ts'
import { keyGroup } from './key.ts'
import { leak } from './leak.ts'
import { scp } from './scp.ts'
import { time } from './time.ts'
import { typ } from './typ.ts'

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
