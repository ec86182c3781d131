import { type DecodedToken, member } from './decode.ts'

/** Someone that the token names, or the service itself. */
export interface Party {
  readonly role: 'subject' | 'prior actor' | 'current actor' | 'client' | 'this service'
  readonly name: string
}

const maxActors = 8

/**
 * The subject, then the actors from the first to the current one, then the service. Without an actor, the client is
 * the one that calls. Reads the claims as they are, so the names of a refused token are not verified.
 */
export function partiesOf(token: DecodedToken | undefined, service: string): readonly Party[] {
  const claims = token?.payload.value
  const subject = nameOf(member(claims, 'sub'))
  if (subject === undefined) return []
  const actors = actorsOf(claims)
  const client = actors.length === 0 ? clientOf(claims) : []
  return [
    { role: 'subject', name: subject },
    ...actors,
    ...client,
    { role: 'this service', name: service },
  ]
}

/** The outermost `act` is the current actor (RFC 8693 section 4.1), so it comes last here. */
function actorsOf(claims: unknown): readonly Party[] {
  const actors: Party[] = []
  let act = member(claims, 'act')
  while (act !== undefined && actors.length < maxActors) {
    const role = actors.length === 0 ? 'current actor' : 'prior actor'
    actors.unshift({ role, name: nameOf(member(act, 'sub')) ?? 'unnamed' })
    act = member(act, 'act')
  }
  return actors
}

function clientOf(claims: unknown): readonly Party[] {
  const name = ['client_id', 'azp', 'cid', 'appid'].map((one) => nameOf(member(claims, one)))
  const found = name.find((one) => one !== undefined)
  return found === undefined ? [] : [{ role: 'client', name: found }]
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The picture in a sentence. */
export function describeParties(parties: readonly Party[]): string {
  return parties.map(({ role, name }) => `${name} (${role})`).join(', then ')
}
