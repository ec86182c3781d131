import { type AccessToken, type FetchGuard, resourceServer } from '@resource-server/fetch'

const options = { issuer: 'https://as.example.com', audience: 'order-service' }
const api = resourceServer<{ tenant: string }>(options)

export async function handle(request: Request): Promise<Response> {
  const auth = await api.authenticate(request, api.requireScope('orders:read'))
  // @ts-expect-error before it is known that somebody was let in, there is no token
  const early: AccessToken = auth.token
  if (!auth.ok) return auth.response
  const tenant: string = auth.token.claims.tenant
  // @ts-expect-error and no response afterwards
  auth.response
  return Response.json({ early, tenant })
}

// A promise is no answer: who forgets to wait lets nobody in.
export function forgetful(request: Request): Response | undefined {
  const auth = api.authenticate(request)
  // @ts-expect-error not waited for
  return auth.ok ? new Response('in') : undefined
}

// What the host passes on stays typed.
interface Context {
  readonly params: { readonly id: string }
}
const get = api.protect((_request: Request, { params }: Context) => new Response(params.id))
const answer: Promise<Response> = get(new Request('https://orders.example'), {
  params: { id: '7' },
})
// @ts-expect-error the context is missing
void get(new Request('https://orders.example'))

// @ts-expect-error a guard must be made before it can guard
api.protect(() => new Response(), api.requireScope)
// @ts-expect-error and only resourceServer makes them
const forged: FetchGuard = { name: 'mine' }

const lenient = resourceServer({ ...options, optional: true })
const token: AccessToken | undefined = lenient.token(new Request('https://orders.example'))
// @ts-expect-error an anonymous request has no token
token.subject
