import {
  allowInsecureRequests,
  type ClientAuth,
  type Configuration,
  ClientSecretBasic,
  discovery,
  None,
} from 'openid-client'

export interface ClientSettings {
  readonly issuer: string
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined
}

/** Reads the server's metadata. Plain http is allowed on 127.0.0.1 only. */
export async function discoverClient(settings: ClientSettings): Promise<Configuration> {
  const server = new URL(settings.issuer)
  const execute = server.hostname === '127.0.0.1' ? [allowInsecureRequests] : []
  return discovery(server, settings.clientId, undefined, authentication(settings), { execute })
}

function authentication({ clientSecret }: ClientSettings): ClientAuth {
  return clientSecret === undefined ? None() : ClientSecretBasic(clientSecret)
}
