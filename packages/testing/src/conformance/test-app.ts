import type { DecisionRecord } from '@resource-server/core'
import type { Host, HostSetup, Route, RunningHost } from './host.ts'
import { type Answer, exchange } from './raw-http.ts'

/** What came of some bytes. */
export interface Outcome {
  readonly answers: readonly Answer[]
  /** In the order in which they came. */
  readonly records: readonly DecisionRecord[]
  /** How many requests a handler answered. */
  readonly handled: number
}

/** An app of a host that listens. */
export interface Served {
  readonly port: number
  /**
   * Sends bytes as they are (latin1), and waits for the answers and for their records. Calls take
   * turns. A record that comes on top of those that are expected shows as well.
   *
   * @param request ends with a request that asks for `Connection: close`
   * @param expected how many records to wait for. Default 1.
   */
  send(request: string, expected?: number): Promise<Outcome>
  close(): Promise<void>
}

/**
 * Starts one app of a host, and watches what it decides. This is all that a test of a whole host
 * needs, within the suite and outside of it:
 *
 *     const app = await serve(express5, { options: { issuer, audience, clock }, routes: [route] })
 *     const { answers, records, handled } = await app.send(get('/', `Authorization: Bearer ${token}`))
 */
export async function serve(host: Host, setup: HostSetup): Promise<Served> {
  const watch = new Watch()
  const running = await host.start({
    ...setup,
    options: {
      ...setup.options,
      onDecision: (record) => {
        watch.saw(record)
        return setup.options.onDecision?.(record)
      },
    },
    routes: [...setup.routes.map((route) => watch.counted(route)), fenceRoute],
  })
  return new ServedHost(running, watch)
}

/** A request of its own, with an empty body. */
export function get(path: string, ...headers: readonly string[]): string {
  return ask('GET', path, ...headers)
}

export function ask(method: string, path: string, ...headers: readonly string[]): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: api.test', ...headers, 'Connection: close']
  return `${lines.join('\r\n')}\r\n\r\n`
}

/**
 * Asked for after each case: its refusal is recorded at once, so what was recorded before it is all
 * that the case led to.
 */
const fence = '/conformance-fence'

const fenceRoute: Route = {
  method: 'GET',
  path: fence,
  guards: ({ requireAuthentication }) => [requireAuthentication()],
  answer: () => '',
}

class ServedHost implements Served {
  readonly #running: RunningHost
  readonly #watch: Watch
  #turn: Promise<unknown> = Promise.resolve()

  constructor(running: RunningHost, watch: Watch) {
    this.#running = running
    this.#watch = watch
  }

  get port(): number {
    return this.#running.port
  }

  send(request: string, expected = 1): Promise<Outcome> {
    const outcome = this.#turn.then(async () => {
      this.#watch.reset()
      const answers = await exchange(this.port, request)
      await exchange(this.port, get(fence))
      const records = await this.#watch.records(expected)
      return { answers, records, handled: this.#watch.handled }
    })
    this.#turn = outcome.catch(() => undefined)
    return outcome
  }

  close(): Promise<void> {
    return this.#running.close()
  }
}

/** In milliseconds; against hanging. */
const deadline = 10_000

/** What happens inside of an app. */
class Watch {
  handled = 0
  #records: DecisionRecord[] = []
  #changed: () => void = () => {}

  reset(): void {
    this.handled = 0
    this.#records = []
  }

  saw(record: DecisionRecord): void {
    this.#records.push(record)
    this.#changed()
  }

  counted(route: Route): Route {
    const answer: Route['answer'] = (token) => {
      const text = route.answer(token)
      this.handled += 1
      return text
    }
    return { ...route, answer }
  }

  /** All records but the fence's, once that one and as many as expected have come. */
  async records(expected: number): Promise<readonly DecisionRecord[]> {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, deadline)
      this.#changed = () => {
        const come = this.#records.length > expected && this.#records.some(isFence)
        if (!come) return
        clearTimeout(late)
        resolve()
      }
      this.#changed()
    })
    this.#changed = () => {}
    return this.#records.filter((record) => !isFence(record))
  }
}

function isFence({ request }: DecisionRecord): boolean {
  return request?.path === fence
}
