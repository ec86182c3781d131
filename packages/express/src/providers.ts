// The providers, so that one install is enough. One alone: '@resource-server/core/providers/keycloak'.
export * from '@resource-server/core/providers'
