import type { KeySet } from '../jose/jwk.ts'
import { minutes } from './freshness.ts'

/** An empty set revokes all keys or is a mistake at the issuer. For this long it counts as a mistake. */
const grace = 5 * minutes

/** Tells apart what an issuer means by a set without usable keys. */
export class EmptySets {
  #since: number | undefined

  /** What to make of a set that came: `usual` where it holds keys, or none were held before. */
  judge(before: KeySet | undefined, set: KeySet, now: number): 'usual' | 'mistake' | 'meant' {
    if (!before || before.keys.length === 0 || set.keys.length > 0) {
      this.#since = undefined
      return 'usual'
    }
    this.#since ??= now
    return now - this.#since < grace ? 'mistake' : 'meant'
  }
}
