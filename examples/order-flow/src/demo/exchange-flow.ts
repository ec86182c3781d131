import { inspect, isDeepStrictEqual } from 'node:util'
import type { DecisionRecord } from '@resource-server/express'
import { decodeJwt } from 'jose'
import { describeToken } from './describe.ts'
import type { Environment } from './environment.ts'
import type { Report } from './report.ts'
import { demoSignIn } from './sign-ins.ts'

/** The successful flow: a user signs in, and a request passes through three services. */
export async function showExchangeFlow(environment: Environment, report: Report): Promise<void> {
  const accessToken = await showSignIn(environment, report)
  await showServiceCalls(environment, report, accessToken)
  await showDecisionRecords(environment, report)
}

async function showSignIn({ server }: Environment, report: Report): Promise<string> {
  report.section('A user signs in')
  report.text(
    'The client web-shop sends user-42 to the authorization server (authorization code flow with ' +
      'PKCE) and requests an access token for user-service.',
  )
  report.text(
    'In the tokens below, aud is the service that a token is for, act is the service that acts for ' +
      'the user, and may_act is the service that is allowed to act for the user.',
  )
  const { accessToken, scopesShown } = await demoSignIn('webShop', server)
  const scopes = scopesShown.length > 0 ? ` to: ${scopesShown.join(', ')}` : ''
  report.detail('consent', `user-42 logs in and consents${scopes}`)
  report.detail('token', ...describeToken(accessToken))
  report.check({
    title: 'the sign-in returns a token for user-service only',
    passed: decodeJwt(accessToken).aud === 'user-service',
    expected: 'aud user-service',
    caller: 'access token',
  })
  return accessToken
}

const ORDER_4711 = {
  user: 'user-42',
  order: { id: '4711', item: { id: 'desk-lamp', inStock: 12 } },
}

async function showServiceCalls(
  environment: Environment,
  report: Report,
  accessToken: string,
): Promise<void> {
  report.section('One request passes through three services, with a new token for each')
  report.text('web-shop → user-service → order-service → inventory-service')
  report.text('Before each call, a service exchanges the token that it received for a new one.')
  const response = await fetch(`${environment.user.url}/me/orders/4711`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  const body: unknown = await response.json()
  report.detail('sent', 'GET /me/orders/4711 to user-service')
  report.detail('response', String(response.status), JSON.stringify(body))
  report.check({
    title: 'the response combines the data of all three services',
    passed: response.status === 200 && isDeepStrictEqual(body, ORDER_4711),
    expected: `200 ${JSON.stringify(ORDER_4711)}`,
    caller: String(response.status),
  })
}

const NONE = '–'

/** What each service must record. `exchangedBy` lists the services that exchanged, latest first. */
const EXPECTED = [
  { service: 'user', scope: 'orders:read', exchangedBy: [] },
  { service: 'order', scope: 'orders:read', exchangedBy: ['user-service'] },
  { service: 'inventory', scope: 'read:items', exchangedBy: ['order-service', 'user-service'] },
] as const

type ExchangerRole = Environment['server']['exchangerRole']

/** The table row that a service's record must produce. */
function expectedRow(
  { service, scope, exchangedBy }: (typeof EXPECTED)[number],
  exchangerRole: ExchangerRole,
): string[] {
  const common = [`${service}-service`, 'user-42', scope]
  const [latest = NONE, ...earlier] = exchangedBy
  if (exchangerRole === 'client') return [...common, service === 'user' ? 'web-shop' : latest]
  return [...common, latest, earlier.join(' ') || NONE]
}

const HEADINGS = { actor: ['actor', 'prior actors'], client: ['client'] }

async function showDecisionRecords(environment: Environment, report: Report): Promise<void> {
  const { name, exchangerRole } = environment.server
  report.section('Each service records the user and the service that acts for the user')
  if (exchangerRole === 'client') {
    report.text(
      `${name} writes no act claim into exchanged tokens. The service that exchanged the token is ` +
        'the client of the new token, and the guard requireClient checks the client.',
    )
  }
  const records = await Promise.all(
    EXPECTED.map(({ service }) => environment[service].decisions.next()),
  )
  const rows = records.map((record) => tableRow(record, exchangerRole))
  report.table([['audience', 'subject', 'scope', ...HEADINGS[exchangerRole]], ...rows])

  report.text('')
  report.text('The complete decision record of inventory-service:')
  report.verbatim(inspect(records.at(-1), { depth: null, breakLength: 92, compact: 3 }))
  for (const [index, expectation] of EXPECTED.entries()) {
    const record = records[index]
    const expected = expectedRow(expectation, exchangerRole)
    const [actor] = expectation.exchangedBy
    const identity = actor === undefined ? 'user-42 and no actor' : `${actor} act for user-42`
    report.check({
      title: `${expectation.service}-service sees ${identity}`,
      passed: record?.outcome === 'granted' && isDeepStrictEqual(rows[index], expected),
      expected: expected.join(' · '),
      caller: '200',
      operator: record?.outcome,
    })
  }
}

/** Audience, subject and scope; then actor and prior actors, or the client if tokens name no actor. */
function tableRow(
  { audience, subject, scopes, clientId, actor, chain }: DecisionRecord,
  exchangerRole: ExchangerRole,
): string[] {
  const common = [
    audience?.join(' ') ?? NONE,
    subject ?? NONE,
    // Some servers also list openid, which the sign-in requested.
    scopes?.filter((scope) => scope !== 'openid').join(' ') || NONE,
  ]
  if (exchangerRole === 'client') return [...common, clientId ?? NONE]
  const priorActors = chain?.actors.slice(1).map(({ subject: name }) => name)
  return [...common, actor?.subject ?? NONE, priorActors?.join(' ') || NONE]
}
