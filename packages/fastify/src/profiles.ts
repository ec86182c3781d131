// The providers, so that one install is enough. One alone: '@resource-server/core/profiles/keycloak'.
export * from '@resource-server/core/profiles'
