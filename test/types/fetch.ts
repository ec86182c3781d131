import { type AccessToken, type FetchGuard, resourceServer } from '@resource-server/fetch'

const options = { issuer: 'https://as.example.com', audience: 'order-service' }
const api = resourceServer<{ tenant: string }>(options)

export async function handle(request: Request): Promise<Response> {
  const auth = await api.authenticate(request, api.requireScope('orders:read'))
  // @ts-expect-error there is no token before auth.ok is checked
  const early: AccessToken = auth.token
  if (!auth.ok) return auth.response
  const tenant: string = auth.token.claims.tenant
  // @ts-expect-error there is no response if auth.ok is true
  auth.response
  return Response.json({ early, tenant })
}

// A result that is not awaited does not compile.
export function withoutAwait(request: Request): Response | undefined {
  const auth = api.authenticate(request)
  // @ts-expect-error the promise is not awaited
  return auth.ok ? new Response('in') : undefined
}

// The arguments of the host are typed.
interface Context {
  readonly params: { readonly id: string }
}
const get = api.protect((_request: Request, { params }: Context) => new Response(params.id))
const answer: Promise<Response> = get(new Request('https://orders.example'), {
  params: { id: '7' },
})
// @ts-expect-error the context is missing
void get(new Request('https://orders.example'))

// @ts-expect-error requireScope must be called: it returns the guard
api.protect(() => new Response(), api.requireScope)
// @ts-expect-error only resourceServer creates guards
const forged: FetchGuard = { name: 'mine' }

const lenient = resourceServer({ ...options, optional: true })
const token: AccessToken | undefined = lenient.token(new Request('https://orders.example'))
// @ts-expect-error an anonymous request has no token
token.subject
