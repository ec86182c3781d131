import { inspect, isDeepStrictEqual } from 'node:util'
import type { DecisionRecord } from '@resource-server/express'
import { decodeJwt } from 'jose'
import { describeToken } from './describe.ts'
import { signInAt } from './people.ts'
import type { Report } from './report.ts'
import type { Scene } from './scene.ts'

/** What works: a user signs in, and a call goes through three services with a token for each. */
export async function tellStory(scene: Scene, report: Report): Promise<void> {
  const accessToken = await userSignsIn(scene, report)
  await callGoesThrough(scene, report, accessToken)
  await everyServiceKnows(scene, report)
}

async function userSignsIn({ server }: Scene, report: Report): Promise<string> {
  report.chapter('A user signs in')
  report.say(
    'web-shop sends user-42 to the authorization server: code, PKCE, resource user-service.',
  )
  const { accessToken, consentedTo } = await signInAt('shop', server)
  const to = consentedTo.length > 0 ? `: ${consentedTo.join(', ')}` : ''
  report.detail('consent', `user-42 logs in and agrees${to && ` to${to}`}`)
  report.detail('token', ...describeToken(accessToken))
  report.check({
    title: 'sign-in gives a token for user-service alone',
    asExpected: decodeJwt(accessToken).aud === 'user-service',
    expected: 'aud user-service',
    caller: 'access token',
  })
  return accessToken
}

const ORDER_4711 = {
  user: 'user-42',
  order: { id: '4711', item: { id: 'desk-lamp', inStock: 12 } },
}

async function callGoesThrough(scene: Scene, report: Report, accessToken: string): Promise<void> {
  report.chapter('A call goes through three services, with a new token for each')
  report.say('web-shop → user-service → order-service → inventory-service, and back')
  const response = await fetch(`${scene.user.url}/me/orders/4711`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  const body: unknown = await response.json()
  report.detail('sent', 'GET /me/orders/4711 to user-service')
  report.detail('answer', String(response.status), JSON.stringify(body))
  report.check({
    title: 'the answer comes back through all three',
    asExpected: response.status === 200 && isDeepStrictEqual(body, ORDER_4711),
    expected: `200 ${JSON.stringify(ORDER_4711)}`,
    caller: String(response.status),
  })
}

const NONE = '–'

/** What each service must have seen, and who stands for having got the token there by exchange. */
const SEEN = [
  { service: 'user', scope: 'orders:read', by: [] },
  { service: 'order', scope: 'orders:read', by: ['user-service'] },
  { service: 'inventory', scope: 'read:items', by: ['order-service', 'user-service'] },
] as const

/** Audience, subject, scope; then actor and prior actors, or the client where no actor is written. */
function expectedOf(
  { service, scope, by }: (typeof SEEN)[number],
  shows: Scene['server']['exchangeShows'],
): string[] {
  const itself = [`${service}-service`, 'user-42', scope]
  const [current = NONE, ...prior] = by
  if (shows === 'client') return [...itself, service === 'user' ? 'web-shop' : current]
  return [...itself, current, prior.join(' ') || NONE]
}

const HEADINGS = { actor: ['actor', 'prior actors'], client: ['client'] }

async function everyServiceKnows(scene: Scene, report: Report): Promise<void> {
  const { exchangeShows } = scene.server
  report.chapter('Each service knows who acts for whom, and says so in its decision record')
  if (exchangeShows === 'client') {
    report.say(`${scene.server.name} writes no act into exchanged tokens: the client shows who`)
    report.say('exchanged, and requireClient looks at it.')
  }
  const records = await Promise.all(SEEN.map(({ service }) => scene[service].decisions.next()))
  const rows = records.map((record) => seenIn(record, exchangeShows))
  report.grid([['audience', 'subject', 'scope', ...HEADINGS[exchangeShows]], ...rows])

  report.say('')
  report.say('The whole record of inventory-service:')
  report.verbatim(inspect(records.at(-1), { depth: null, breakLength: 92, compact: 3 }))
  for (const [index, seen] of SEEN.entries()) {
    const record = records[index]
    const expected = expectedOf(seen, exchangeShows)
    const [actor = 'nobody'] = seen.by
    report.check({
      title: `${seen.service}-service saw ${actor} act for user-42`,
      asExpected: record?.outcome === 'granted' && isDeepStrictEqual(rows[index], expected),
      expected: expected.join(' · '),
      caller: '200',
      operator: record?.outcome,
    })
  }
}

function seenIn(
  { audience, subject, scopes, clientId, actor, chain }: DecisionRecord,
  shows: Scene['server']['exchangeShows'],
): string[] {
  const itself = [
    audience?.join(' ') ?? NONE,
    subject ?? NONE,
    // Some servers write the scope of the sign-in as well.
    scopes?.filter((scope) => scope !== 'openid').join(' ') || NONE,
  ]
  if (shows === 'client') return [...itself, clientId ?? NONE]
  return [
    ...itself,
    actor?.subject ?? NONE,
    chain?.actors
      .slice(1)
      .map((prior) => prior.subject)
      .join(' ') || NONE,
  ]
}
