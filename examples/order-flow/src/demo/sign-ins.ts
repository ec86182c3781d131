import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { type SignedIn, type SignIn, signIn } from '../user/sign-in.ts'

type SignInName = 'webShop' | 'webShopAsUser7' | 'stockConsole' | 'orderService'
type Settings = Omit<SignIn, 'issuer' | 'clientSecret'>

const webShop: Settings = {
  clientId: 'web-shop',
  redirectUri: 'https://web-shop.example/signed-in',
  user: 'user-42',
  password: 'tulip-season',
  scope: 'openid orders:read',
  resource: 'https://user-service.example',
}

/** The sign-ins of the demo: which user, at which client, for which service. */
const signIns: Readonly<Record<SignInName, Settings>> = {
  webShop,
  webShopAsUser7: { ...webShop, user: 'user-7', password: 'quiet-harbor' },
  stockConsole: {
    ...webShop,
    clientId: 'stock-console',
    redirectUri: 'https://stock-console.example/signed-in',
    scope: 'openid read:items',
    resource: 'https://inventory-service.example',
  },
  orderService: {
    clientId: 'order-service',
    redirectUri: 'https://order-service.example/signed-in',
    user: 'user-42',
    password: 'tulip-season',
    scope: 'openid',
  },
}

/** Runs one of the demo's sign-ins. `overrides` replace single settings. */
export async function demoSignIn(
  name: SignInName,
  { issuer, clientSecrets, forms }: AuthorizationServer,
  overrides: Partial<Settings> = {},
): Promise<SignedIn> {
  const settings = { ...signIns[name], ...overrides }
  const { clientId, user, password, scope } = settings
  const formInput = forms && { forms: forms(user, password, scope) }
  return signIn({ issuer, clientSecret: clientSecrets.get(clientId), ...formInput, ...settings })
}
