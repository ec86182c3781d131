// All providers, so that users install one package.
export {
  auth0,
  authentik,
  betterAuth,
  cognito,
  defaultProfile,
  dex,
  entra,
  extend,
  hydra,
  keycloak,
  oidcProvider,
  okta,
  rfc9068,
  springAuthorizationServer,
  wso2,
  zitadel,
} from '@resource-server/core/providers'
export type {
  CognitoOptions,
  DexOptions,
  EntraOptions,
  KeycloakOptions,
} from '@resource-server/core/providers'
