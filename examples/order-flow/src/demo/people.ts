import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { type SignedIn, type SignIn, signIn } from '../user/sign-in.ts'

type Place = 'shop' | 'shopAsOther' | 'stockConsole' | 'orderPages'
type Settings = Omit<SignIn, 'issuer' | 'clientSecret'>

const shop: Settings = {
  clientId: 'web-shop',
  redirectUri: 'https://web-shop.example/signed-in',
  user: 'user-42',
  password: 'tulip-season',
  scope: 'openid orders:read',
  resource: 'https://user-service.example',
}

/** The sign-ins of the demo: who, at which client, for which service. */
const places: Readonly<Record<Place, Settings>> = {
  shop,
  shopAsOther: { ...shop, user: 'user-7', password: 'quiet-harbor' },
  stockConsole: {
    ...shop,
    clientId: 'stock-console',
    redirectUri: 'https://stock-console.example/signed-in',
    scope: 'openid read:items',
    resource: 'https://inventory-service.example',
  },
  orderPages: {
    clientId: 'order-service',
    redirectUri: 'https://order-service.example/signed-in',
    user: 'user-42',
    password: 'tulip-season',
    scope: 'openid',
  },
}

/** A sign-in as the demo knows it, or with changes. */
export async function signInAt(
  place: Place,
  { issuer, clientSecrets, forms }: AuthorizationServer,
  changes: Partial<Settings> = {},
): Promise<SignedIn> {
  const settings = { ...places[place], ...changes }
  const { clientId, user, password, scope } = settings
  const filledIn = forms && { forms: forms(user, password, scope) }
  return signIn({ issuer, clientSecret: clientSecrets.get(clientId), ...filledIn, ...settings })
}
