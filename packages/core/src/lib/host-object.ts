/** What a framework passes to its handlers, for messages about misuse. */
interface HostObject {
  readonly name: string
  /** One sentence: which package is for it. */
  readonly fix: string
  readonly matches: (value: object) => boolean
}

const honoFix = 'Use @resource-server/hono, or pass c.req.raw to @resource-server/fetch.'

const hostObjects: readonly HostObject[] = [
  {
    name: 'a Node request',
    fix: 'Use @resource-server/express, which also works with node:http.',
    matches: isNodeRequest,
  },
  {
    name: 'a Koa context',
    fix: 'Use @resource-server/koa.',
    matches: (value) => ['req', 'res', 'app', 'state'].every((name) => name in value),
  },
  {
    name: 'a Fastify request',
    fix: 'Use @resource-server/fastify.',
    matches: (value) => 'raw' in value && 'routeOptions' in value,
  },
  {
    name: 'a Hono context',
    fix: honoFix,
    matches: (value) => 'req' in value && isObject(value.req) && 'raw' in value.req,
  },
  {
    name: 'a Hono request',
    fix: honoFix,
    matches: (value) => 'raw' in value && isFetchRequest(value.raw),
  },
  {
    name: 'a Fetch Request',
    fix: 'Use @resource-server/fetch.',
    matches: isFetchRequest,
  },
]

/** What kind of host object a value is. `undefined` for a value of another kind. */
export function hostObjectOf(value: unknown): HostObject | undefined {
  return isObject(value) ? hostObjects.find(({ matches }) => matches(value)) : undefined
}

/** Whether a value is a request of `node:http`, or inherits from one. */
export function isNodeRequest(value: unknown): value is object {
  return isObject(value) && 'rawHeaders' in value
}

/** Whether a value has the headers of a `Request` of the Fetch standard, which are iterable. */
export function isFetchRequest(value: unknown): value is object {
  if (!isObject(value) || !('headers' in value)) return false
  const { headers } = value
  return isObject(headers) && Symbol.iterator in headers && 'get' in headers
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
