import type { JsonObject } from '../lib/json.ts'
import type { Profile } from '../options/profile.ts'

/** What the checks of a profile ask about individual claims. */
export interface ClaimRules {
  /** One claim of each list must be present. */
  readonly required: readonly (readonly string[])[]
  /** The form of a claim, by its name. */
  readonly forms: ReadonlyMap<string, (value: unknown) => boolean>
  /** Claims whose mere presence needs a closer look. */
  readonly unusual: ReadonlySet<string>
}

/** One claim: whether its value is in order, and the lists of required claims that it is in, as bits. */
interface Look {
  readonly isInOrder: (value: unknown) => boolean
  readonly lists: number
}

interface Plan {
  readonly looks: ReadonlyMap<string, Look>
  /** A bit for each list of required claims. `undefined` if there are more lists than bits. */
  readonly lists: number | undefined
}

const maxLists = 30
const plans = new WeakMap<Profile, Plan>()

/**
 * Whether it is clear from one pass over the claims that the checks of their presence and form would refuse none of
 * them. Most tokens are ordinary. For the others, the checks run one by one and say what is wrong.
 *
 * @param rulesOf the rules of the profile; called once for each profile
 */
export function isOrdinary(
  claims: JsonObject,
  profile: Profile,
  rulesOf: (profile: Profile) => ClaimRules,
): boolean {
  const { looks, lists } = planOf(profile, rulesOf)
  let found = 0
  for (const name in claims) {
    if (!Object.hasOwn(claims, name)) continue
    const look = looks.get(name)
    if (look === undefined) continue
    if (!look.isInOrder(claims[name])) return false
    found |= look.lists
  }
  return found === lists
}

function planOf(profile: Profile, rulesOf: (profile: Profile) => ClaimRules): Plan {
  const known = plans.get(profile)
  if (known) return known
  const { required, forms, unusual } = rulesOf(profile)
  const names = new Set([...required.flat(), ...forms.keys(), ...unusual])
  const looks = new Map<string, Look>()
  for (const name of names) {
    const isInOrder = unusual.has(name) ? never : (forms.get(name) ?? always)
    const bits = required.map((list, at) => (list.includes(name) ? 1 << at : 0))
    looks.set(name, { isInOrder, lists: bits.reduce((all, bit) => all | bit, 0) })
  }
  const plan = {
    looks,
    lists: required.length > maxLists ? undefined : (1 << required.length) - 1,
  }
  plans.set(profile, plan)
  return plan
}

const always = (): boolean => true
const never = (): boolean => false
