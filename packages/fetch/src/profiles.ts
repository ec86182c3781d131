// The providers, so that one install is enough. One alone: '@resource-server/core/profiles/keycloak'.
export {
  auth0,
  authentik,
  cognito,
  dex,
  entra,
  hydra,
  keycloak,
  oidcProvider,
  okta,
  rfc9068,
  springAuthorizationServer,
  wso2,
  zitadel,
} from '@resource-server/core/profiles'
export type {
  CognitoOptions,
  DexOptions,
  EntraOptions,
  KeycloakOptions,
} from '@resource-server/core/profiles'
