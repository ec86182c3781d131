import { ConfigError } from '@resource-server/core'
import { describe, expect, test } from 'vitest'
import { type CorpusCase, groupOf, runnable } from '../corpus/corpus.ts'
import { audience, createFixture, type Fixture, segments } from '../fixtures/fixture.ts'
import type {
  Attempt,
  CaseSteps,
  Group,
  Misuse,
  Outcome,
  Scenario,
  Service,
  Setup,
} from './attempt.ts'
import { fitsInHeader, isToken68 } from './http-client.ts'
import type { Target } from './targets.ts'

type Expected = Pick<CorpusCase['expect'], 'status' | 'error'>

/** Runs the cases of one group on each target. */
export function runGroup(name: string, group: Group, targets: readonly Target[]): void {
  const cases = runnable.filter((entry) => groupOf(entry) === name && entry.id in group)
  describe.each(targets)(`${name} on $name`, (target) => {
    const titled = cases
      .filter(({ level }) => level !== 'core' || !target.http)
      .map((entry) => [entry.id, entry.construction, resultOf(entry), entry] as const)
    test.each(titled)('%s: %s → %s', async (id, _construction, _result, entry) => {
      await using fixture = await createFixture()
      const steps = await group[id]!(fixture)
      for (const step of listOf(steps)) await runStep(step, entry, target, fixture)
      expect(({} as { scope?: unknown }).scope, 'Object.prototype.scope').toBeUndefined()
    })
  })
}

/** Such as `401 invalid_token`, or `config_error`. */
function resultOf({ expect: { status, error } }: CorpusCase): string {
  return [status, error].filter((part) => part !== null).join(' ')
}

function listOf(steps: CaseSteps): readonly (Attempt | Misuse | Scenario)[] {
  return [steps].flat()
}

async function runStep(
  step: Attempt | Misuse | Scenario,
  entry: CorpusCase,
  target: Target,
  fixture: Fixture,
): Promise<void> {
  const services: Service[] = []
  let needsConnection = false
  const start = async (setup: Setup = {}): Promise<Service> => {
    const given = withDefaults(setup, entry, fixture)
    needsConnection ||= readsConnection(given)
    const service = await target.start(given)
    services.push(service)
    return service
  }
  const run = async (): Promise<void> => {
    if ('misuse' in step) await runMisuse(step, start)
    else if ('run' in step) await runScenario(step, entry, target, start)
    else await runAttempt(step, entry, target, start)
  }
  try {
    const failure = await run().then(
      () => undefined,
      (error: unknown) => error,
    )
    // Nothing can be granted or refused by a service that does not start.
    if (needsConnection && target.hidesConnection) expect(failure).toBeInstanceOf(ConfigError)
    else if (failure !== undefined) throw failure
  } finally {
    for (const service of services) await service.close()
  }
}

function readsConnection({ options }: Setup): boolean {
  const mtls = options?.['mtls'] as { readonly from?: unknown } | undefined
  return mtls?.from === 'header' || mtls?.from === 'socket'
}

/** Adds the options of an ordinary service: the fixture's issuer, `audience` and the fixture's clock. */
function withDefaults(
  { options = {}, ...setup }: Setup,
  { config }: CorpusCase,
  fixture: Fixture,
): Setup {
  const issuer = 'issuers' in options ? {} : { issuer: fixture.issuer.url }
  return { ...setup, options: { ...issuer, audience, clock: fixture.clock, ...config, ...options } }
}

async function runMisuse(
  { misuse: _, name, ...setup }: Misuse,
  start: (setup: Setup) => Promise<Service>,
): Promise<void> {
  const result = await start(setup).then(
    () => 'the service started',
    (error: unknown) => error,
  )
  expect(result, name).toBeInstanceOf(ConfigError)
}

async function runScenario(
  { onlyOn, run }: Scenario,
  { expect: expected }: CorpusCase,
  target: Target,
  start: (setup?: Setup) => Promise<Service>,
): Promise<void> {
  if (onlyOn && (onlyOn === 'http') !== target.http) return expect(onlyOn).not.toBe(target.name)
  const { status, error } = await run(start)
  expect({ status, error }).toEqual(comparable(expected))
}

async function runAttempt(
  attempt: Attempt,
  entry: CorpusCase,
  target: Target,
  start: (setup?: Setup) => Promise<Service>,
): Promise<void> {
  const { name, check, override: _, options, guards, spoofedAuth, ...sent } = attempt
  if (!canBeSent(attempt, target)) return expect(target.name, name).toBeTruthy()
  const service = await start({
    ...(options && { options }),
    ...(guards && { guards }),
    ...(spoofedAuth && { spoofedAuth }),
  })
  const outcome = await service.send(sent)
  // A refusal is recorded after its response.
  await new Promise(setImmediate)
  expect({ status: outcome.status, error: outcome.error }, name).toEqual(
    expectedOutcome(attempt, entry, target),
  )
  expect(service.handled(), 'number of requests that reached the handler').toBe(
    outcome.status === 200 ? 1 : 0,
  )
  expectNoSecrets(attempt, outcome, service)
  await check?.(outcome, service)
}

function canBeSent({ token, bytes }: Attempt, { http }: Target): boolean {
  return http ? token === undefined || fitsInHeader(token) : bytes === undefined
}

/** Over HTTP, a credential that is not a token68 is 400 before it becomes a token. */
function expectedOutcome(
  { token, lines, override }: Attempt,
  { expect: expected }: CorpusCase,
  { http }: Target,
): Expected {
  const malformed = http && lines === undefined && token !== undefined && !isToken68(token)
  return malformed ? { status: 400, error: 'invalid_request' } : comparable(override ?? expected)
}

/** The corpus also writes `config_error` for metadata that `warmUp` rejects. A request gets a 503. */
function comparable({ status, error }: Expected): Expected {
  return { status, error: error === 'config_error' ? null : error }
}

/** No response and no record may contain the signature of the token. */
function expectNoSecrets({ token }: Attempt, outcome: Outcome, { records }: Service): void {
  const signature = token && segments(token)[2]
  if (!signature || signature.length < 20) return
  expect(JSON.stringify(records)).not.toContain(signature)
  expect(outcome.body + JSON.stringify(outcome.headers)).not.toContain(signature)
}
