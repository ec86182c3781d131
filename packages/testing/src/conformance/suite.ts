import type { Case, Expected } from './case.ts'
import { cases } from './cases/index.ts'
import { type Construction, constructions } from './cases/misconfiguration.ts'
import { leaksOf, problemsOf } from './compare.ts'
import type { Host } from './host.ts'
import { type Outcome, serve, type Served } from './test-app.ts'
import { setups, type SetupName } from './setups.ts'
import { createWorld, type World } from './issuers.ts'

/** The suite on one host. */
export interface Conformance extends AsyncDisposable {
  readonly cases: readonly Case[]
  readonly constructions: readonly Construction[]
  /** What the host does otherwise than the case says, in words. Empty: it conforms. */
  problems(of: Case): Promise<readonly string[]>
  /** What the host does, for comparisons of one's own. Each case is sent once. */
  outcome(of: Case): Promise<Outcome>
  /** Empty where the app does not start, and says `ConfigError`. */
  constructionProblems(of: Construction): Promise<readonly string[]>
  close(): Promise<void>
}

/**
 * Runs the conformance suite on a host, under any test runner:
 *
 *     const suite = await startConformance(host)
 *     after(() => suite.close())
 *     for (const each of suite.cases) {
 *       test(each.id, async () => assert.deepEqual(await suite.problems(each), []))
 *     }
 *     for (const each of suite.constructions) {
 *       test(each.id, async () => assert.deepEqual(await suite.constructionProblems(each), []))
 *     }
 *
 * Apps are started when a case asks for them, one for each setup, and end with `close`.
 *
 * @param world share one among several hosts, and their answers can be compared; it is then yours to
 *   close. By default the suite has its own.
 */
export async function startConformance(host: Host, world?: World): Promise<Conformance> {
  const own = world ? undefined : await createWorld()
  return new Suite(host, world ?? own!, own)
}

class Suite implements Conformance {
  readonly cases: readonly Case[] = cases
  readonly constructions: readonly Construction[] = constructions
  readonly #host: Host
  readonly #world: World
  readonly #own: World | undefined
  readonly #apps = new Map<SetupName, Promise<Served>>()
  readonly #outcomes = new Map<Case, Promise<Outcome>>()

  constructor(host: Host, world: World, own: World | undefined) {
    this.#host = host
    this.#world = world
    this.#own = own
  }

  async problems(of: Case): Promise<readonly string[]> {
    const outcome = await this.outcome(of)
    const expect = of.expect.map((each) => this.#filled(each))
    return [...problemsOf({ ...of, expect }, outcome), ...leaksOf(outcome, this.#world.sent)]
  }

  outcome(of: Case): Promise<Outcome> {
    const known = this.#outcomes.get(of)
    if (known) return known
    const outcome = this.#send(of)
    this.#outcomes.set(of, outcome)
    return outcome
  }

  async #send({ setup = 'plain', request, expect }: Case): Promise<Outcome> {
    const app = await this.#app(setup)
    const expected = expect.filter(({ record }) => record).length
    return app.send(this.#world.fill(request), expected)
  }

  #filled(expected: Expected): Expected {
    const { body } = expected
    if (typeof body !== 'object') return expected
    return { ...expected, body: JSON.parse(this.#world.fill(JSON.stringify(body))) as object }
  }

  #app(name: SetupName): Promise<Served> {
    const app = this.#apps.get(name) ?? serve(this.#host, setups[name](this.#world))
    this.#apps.set(name, app)
    return app
  }

  async constructionProblems({ guards }: Construction): Promise<readonly string[]> {
    const { options } = setups.plain(this.#world)
    const route = { method: 'GET', path: '/', guards, answer: () => '' } as const
    try {
      const app = await serve(this.#host, { options, routes: [route] })
      await app.close()
      return ['the app started, and should not have']
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error
      return name === 'ConfigError' ? [] : [`expected a ConfigError, found ${String(error)}`]
    }
  }

  async close(): Promise<void> {
    const apps = await Promise.allSettled(this.#apps.values())
    for (const app of apps) if (app.status === 'fulfilled') await app.value.close()
    await this.#own?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
