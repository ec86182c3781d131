import { ConfigError } from '@resource-server/core'
import { describe, expect, test } from 'vitest'
import type { Attempt, Built, Group, Misuse, Outcome, Scenario, Service, Setup } from './attempt.ts'
import { audience, type Bench, createBench, segments } from '../fixtures/fixture.ts'
import { type CorpusCase, groupOf, open } from '../corpus/corpus.ts'
import type { Engine } from './targets.ts'
import { isToken68, travels } from './raw-http.ts'

/** Runs the cases of one group through each engine that they can travel to. */
export function runGroup(name: string, group: Group, engines: readonly Engine[]): void {
  const cases = open.filter((entry) => groupOf(entry) === name && entry.id in group)
  describe.each(engines)(`${name}, $name`, (engine) => {
    test.each(cases.filter(({ level }) => level !== 'core' || !engine.http))(
      '$id: $construction',
      async (entry) => {
        await using bench = await createBench()
        const built = await group[entry.id]!(bench)
        for (const one of listOf(built)) {
          await runOne(one, entry, engine, bench)
        }
        expect(({} as { scope?: unknown }).scope).toBeUndefined()
      },
    )
  })
}

function listOf(built: Built): readonly (Attempt | Misuse | Scenario)[] {
  return [built].flat()
}

async function runOne(
  one: Attempt | Misuse | Scenario,
  entry: CorpusCase,
  engine: Engine,
  bench: Bench,
): Promise<void> {
  const services: Service[] = []
  const start = async (setup: Setup = {}): Promise<Service> => {
    const service = await engine.start(withDefaults(setup, entry, bench))
    services.push(service)
    return service
  }
  try {
    if ('misuse' in one) return await expectMisuse(start(one), one.name)
    if ('run' in one) return await runScenario(one, entry, engine, start)
    await runAttempt(one, entry, engine, start)
  } finally {
    for (const service of services) await service.close()
  }
}

/** Options over those of an ordinary service for `audience`, with the authority as its issuer. */
function withDefaults(
  { options = {}, ...setup }: Setup,
  { config }: CorpusCase,
  bench: Bench,
): Setup {
  const issuer = 'issuers' in options ? {} : { issuer: bench.authority.url }
  return { ...setup, options: { ...issuer, audience, clock: bench.clock, ...config, ...options } }
}

async function expectMisuse(started: Promise<Service>, name: string | undefined): Promise<void> {
  const came = await started.then(
    () => 'nothing was wrong',
    (error: unknown) => error,
  )
  expect(came, name).toBeInstanceOf(ConfigError)
}

async function runScenario(
  { only, run }: Scenario,
  { expect: expected }: CorpusCase,
  engine: Engine,
  start: (setup?: Setup) => Promise<Service>,
): Promise<void> {
  if (only && (only === 'http') !== engine.http) return expect(only).not.toBe(engine.name)
  const outcome = await run(start)
  expect({ status: outcome.status, error: outcome.error }).toEqual(shown(expected))
}

async function runAttempt(
  attempt: Attempt,
  entry: CorpusCase,
  engine: Engine,
  start: (setup?: Setup) => Promise<Service>,
): Promise<void> {
  const { name, after, otherwise: _, options, guards, planted, ...sent } = attempt
  if (!canRun(attempt, engine)) return expect(engine.name, name).toBeTruthy()
  const setup = {
    ...(options && { options }),
    ...(guards && { guards }),
    ...(planted && { planted }),
  }
  const service = await start(setup)
  const outcome = await service.send(sent)
  // A refusal is recorded after its answer.
  await new Promise(setImmediate)
  expect({ status: outcome.status, error: outcome.error }, name).toEqual(
    expectedOf(attempt, entry, engine),
  )
  expect(service.handled(), 'times that the handler ran').toBe(outcome.status === 200 ? 1 : 0)
  keepsSecrets(attempt, outcome, service)
  await after?.(outcome, service)
}

function canRun({ token, bytes }: Attempt, { http }: Engine): boolean {
  return http ? token === undefined || travels(token) : bytes === undefined
}

/** Over HTTP what is no token68 does not become a token at all: 400. */
function expectedOf(
  { token, lines, otherwise }: Attempt,
  { expect: expected }: CorpusCase,
  { http }: Engine,
): Pick<Outcome, 'error'> & { status: number | null } {
  const malformed = http && lines === undefined && token !== undefined && !isToken68(token)
  return malformed ? { status: 400, error: 'invalid_request' } : shown(otherwise ?? expected)
}

function shown({
  status,
  error,
}: CorpusCase['expect']): Pick<CorpusCase['expect'], 'status' | 'error'> {
  // The corpus calls it a config error; whoever warms up gets one, and a request gets a 503.
  return { status, error: error === 'config_error' ? null : error }
}

/** True of every answer and every record, whatever the case. */
function keepsSecrets({ token }: Attempt, outcome: Outcome, { records }: Service): void {
  const signature = token && segments(token)[2]
  if (!signature || signature.length < 20) return
  expect(JSON.stringify(records)).not.toContain(signature)
  expect(outcome.body + JSON.stringify(outcome.headers)).not.toContain(signature)
}
