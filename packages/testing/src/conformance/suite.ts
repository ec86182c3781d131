import type { Case, ExpectedResponse } from './case.ts'
import { cases } from './cases/index.ts'
import { type Misconfiguration, misconfigurations } from './cases/misconfiguration.ts'
import { exposedTokens, problemsOf } from './compare.ts'
import type { Host } from './host.ts'
import { createIssuers, type Issuers } from './issuers.ts'
import { setups, type SetupName } from './setups.ts'
import { type Outcome, startApp, type TestApp } from './test-app.ts'

/** The conformance suite of one host. */
export interface ConformanceSuite extends AsyncDisposable {
  readonly cases: readonly Case[]
  readonly misconfigurations: readonly Misconfiguration[]
  /** The differences between the host and the case, in words. Empty if the host conforms. */
  problems(of: Case): Promise<readonly string[]>
  /** What the host does, for other comparisons. Each case is sent only once. */
  outcome(of: Case): Promise<Outcome>
  /** Empty if starting the app rejects with a `ConfigError`. */
  misconfigurationProblems(of: Misconfiguration): Promise<readonly string[]>
  close(): Promise<void>
}

/**
 * Prepares the conformance suite for a host. It works with any test runner:
 *
 *     const suite = await startConformance(host)
 *     after(() => suite.close())
 *     for (const each of suite.cases) {
 *       test(each.id, async () => assert.deepEqual(await suite.problems(each), []))
 *     }
 *     for (const each of suite.misconfigurations) {
 *       test(each.id, async () => assert.deepEqual(await suite.misconfigurationProblems(each), []))
 *     }
 *
 * The suite starts one app for each setup, when a case needs it, and stops them in `close`.
 *
 * @param issuers issuers from `createIssuers`, to compare the responses of several hosts. The caller
 *   closes them. By default the suite starts and closes its own.
 */
export async function startConformance(host: Host, issuers?: Issuers): Promise<ConformanceSuite> {
  if (issuers) return new HostSuite(host, issuers, undefined)
  const own = await createIssuers()
  return new HostSuite(host, own, own)
}

class HostSuite implements ConformanceSuite {
  readonly cases: readonly Case[]
  readonly misconfigurations: readonly Misconfiguration[] = misconfigurations
  readonly #host: Host
  readonly #issuers: Issuers
  readonly #ownIssuers: Issuers | undefined
  readonly #apps = new Map<SetupName, Promise<TestApp>>()
  readonly #outcomes = new Map<Case, Promise<Outcome>>()

  constructor(host: Host, issuers: Issuers, ownIssuers: Issuers | undefined) {
    this.#host = host
    this.cases = host.hidesConnection ? cases.filter(({ setup }) => setup !== 'mtls') : cases
    this.#issuers = issuers
    this.#ownIssuers = ownIssuers
  }

  async problems(of: Case): Promise<readonly string[]> {
    const outcome = await this.outcome(of)
    const expect = of.expect.map((each) => this.#fillBody(each))
    return [
      ...problemsOf({ ...of, expect }, outcome),
      ...exposedTokens(outcome, this.#issuers.sentTokens),
    ]
  }

  outcome(of: Case): Promise<Outcome> {
    const known = this.#outcomes.get(of)
    if (known) return known
    const outcome = this.#send(of)
    this.#outcomes.set(of, outcome)
    return outcome
  }

  async #send({ setup = 'default', request, expect }: Case): Promise<Outcome> {
    const app = await this.#app(setup)
    const expectedRecords = expect.filter(({ record }) => record).length
    return app.send(this.#issuers.fill(request), expectedRecords)
  }

  #fillBody(expected: ExpectedResponse): ExpectedResponse {
    const { body } = expected
    if (typeof body !== 'object') return expected
    return { ...expected, body: JSON.parse(this.#issuers.fill(JSON.stringify(body))) as object }
  }

  #app(name: SetupName): Promise<TestApp> {
    const app = this.#apps.get(name) ?? startApp(this.#host, setups[name](this.#issuers))
    this.#apps.set(name, app)
    return app
  }

  async misconfigurationProblems({ guards }: Misconfiguration): Promise<readonly string[]> {
    const { options } = setups.default(this.#issuers)
    const route = { method: 'GET', path: '/', guards, respond: () => '' } as const
    try {
      const app = await startApp(this.#host, { options, routes: [route] })
      await app.close()
      return ['expected a ConfigError, but the app started']
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error
      return name === 'ConfigError' ? [] : [`expected a ConfigError, got ${String(error)}`]
    }
  }

  async close(): Promise<void> {
    const apps = await Promise.allSettled(this.#apps.values())
    for (const app of apps) if (app.status === 'fulfilled') await app.value.close()
    await this.#ownIssuers?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
