import type { DecisionRecord } from '@resource-server/core'
import type { Host, HostSetup, Route, RunningHost } from './host.ts'
import { formatGet, type RawResponse, sendRaw } from './raw-http.ts'

/** The result of sending bytes to an app. */
export interface Outcome {
  readonly responses: readonly RawResponse[]
  /** The decision records, in the order they were received. */
  readonly records: readonly DecisionRecord[]
  /** The number of requests that reached a handler. */
  readonly handled: number
}

/** A running app of a host. */
export interface TestApp {
  readonly port: number
  /**
   * Sends bytes (latin1) and waits for the responses and for the decision records. Concurrent calls
   * run one after the other. `records` also contains records that were not expected.
   *
   * @param request bytes that end with a request that contains `Connection: close`
   * @param expectedRecords the number of records to wait for. Default 1.
   */
  send(request: string, expectedRecords?: number): Promise<Outcome>
  close(): Promise<void>
}

/**
 * Starts an app of a host and collects its decision records:
 *
 *     const app = await startApp(express5, { options: { issuer, audience, clock }, routes: [route] })
 *     const request = formatGet('/', `Authorization: Bearer ${token}`)
 *     const { responses, records, handled } = await app.send(request)
 */
export async function startApp(host: Host, setup: HostSetup): Promise<TestApp> {
  const activity = new Activity()
  const running = await host.start({
    ...setup,
    options: {
      ...setup.options,
      onDecision: (record) => {
        activity.add(record)
        return setup.options.onDecision?.(record)
      },
    },
    routes: [...setup.routes.map((route) => activity.counted(route)), markerRoute],
  })
  return new HostApp(running, activity)
}

/**
 * Requested after each case. Its refusal is recorded at once, so the records received by then are all
 * records of the case.
 */
const markerPath = '/conformance-marker'

const markerRoute: Route = {
  method: 'GET',
  path: markerPath,
  guards: ({ requireAuthentication }) => [requireAuthentication()],
  respond: () => '',
}

class HostApp implements TestApp {
  readonly #running: RunningHost
  readonly #activity: Activity
  #previous: Promise<unknown> = Promise.resolve()

  constructor(running: RunningHost, activity: Activity) {
    this.#running = running
    this.#activity = activity
  }

  get port(): number {
    return this.#running.port
  }

  send(request: string, expectedRecords = 1): Promise<Outcome> {
    const outcome = this.#previous.then(async () => {
      this.#activity.reset()
      const responses = await sendRaw(this.port, request)
      await sendRaw(this.port, formatGet(markerPath))
      const records = await this.#activity.records(expectedRecords)
      return { responses, records, handled: this.#activity.handled }
    })
    this.#previous = outcome.catch(() => undefined)
    return outcome
  }

  close(): Promise<void> {
    return this.#running.close()
  }
}

/** Milliseconds. Only a missing record reaches it. */
const deadline = 10_000

/** What happens in the app: its decision records, and how many requests reached a handler. */
class Activity {
  handled = 0
  #records: DecisionRecord[] = []
  #changed: () => void = () => {}

  reset(): void {
    this.handled = 0
    this.#records = []
  }

  add(record: DecisionRecord): void {
    this.#records.push(record)
    this.#changed()
  }

  counted(route: Route): Route {
    const respond: Route['respond'] = (token) => {
      const text = route.respond(token)
      this.handled += 1
      return text
    }
    return { ...route, respond }
  }

  /** The records without the marker's, once the marker and the expected number have been received. */
  async records(expected: number): Promise<readonly DecisionRecord[]> {
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, deadline)
      this.#changed = () => {
        const complete = this.#records.length > expected && this.#records.some(isMarker)
        if (!complete) return
        clearTimeout(timeout)
        resolve()
      }
      this.#changed()
    })
    this.#changed = () => {}
    return this.#records.filter((record) => !isMarker(record))
  }
}

function isMarker({ request }: DecisionRecord): boolean {
  return request?.path === markerPath
}
