import { ConfigError } from '@resource-server/core'
import { kindOf, ownOptions } from '@resource-server/core/client'
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type CryptoKey,
  modifyAssertion,
  None,
  PrivateKeyJwt,
  TlsClientAuth,
} from 'oauth4webapi'
import type { HopClient } from './options.ts'

type Authentication = NonNullable<HopClient['authentication']>

/** A client with everything that a request needs. Its secret is only in the closure of `authenticate`. */
export interface ClientSettings {
  readonly id: string
  readonly authentication: Authentication
  /** Adds the client's credentials to a request. `now` returns milliseconds since 1970. */
  readonly authenticate: (now: () => number) => ClientAuth
}

type Create = (client: HopClient, now: () => number) => ClientAuth

interface Method {
  /** The member that the method needs. */
  readonly needs: 'secret' | 'privateKey' | undefined
  readonly create: Create
}

const methods: Readonly<Record<Authentication, Method>> = {
  basic: { needs: 'secret', create: ({ secret }) => ClientSecretBasic(secret!) },
  post: { needs: 'secret', create: ({ secret }) => ClientSecretPost(secret!) },
  private_key_jwt: { needs: 'privateKey', create: byPrivateKey },
  mtls: { needs: undefined, create: () => TlsClientAuth() },
  none: { needs: undefined, create: () => None() },
}

/** The assertion is dated by the clock of the hop, and valid for at most 60 seconds. */
function byPrivateKey({ privateKey }: HopClient, now: () => number): ClientAuth {
  return PrivateKeyJwt(privateKey!, {
    [modifyAssertion]: (_header, payload) => {
      const iat = Math.floor(now() / 1000)
      Object.assign(payload, { iat, nbf: iat, exp: iat + 60 })
    },
  })
}

const names: readonly string[] = ['id', 'secret', 'privateKey', 'authentication']

/** @throws ConfigError */
export function readClient(given: unknown): ClientSettings {
  const client = ownOptions(given, 'client option', "Pass { id: 'order-service', secret }.")
  for (const [name, value] of Object.entries(client)) {
    if (!names.includes(name)) {
      throw new ConfigError(`Unknown client option '${name}'.`, `Use one of ${names.join(', ')}.`)
    }
    if (value === undefined || value === '') {
      throw new ConfigError(
        `'client.${name}' is ${value === '' ? 'empty' : 'undefined'}.`,
        'Give it a value (is an environment variable missing?) or leave it out.',
      )
    }
  }
  if (typeof client['id'] !== 'string') {
    throw new ConfigError(
      `'client.id' must be a string, got ${kindOf(client['id'])}.`,
      'Set it to the client ID of this service.',
    )
  }
  const checked = client as unknown as HopClient
  const authentication = methodOf(checked)
  return Object.freeze({
    id: checked.id,
    authentication,
    authenticate: (now: () => number) => methods[authentication].create(checked, now),
  })
}

function methodOf(client: HopClient): Authentication {
  const { secret, privateKey } = client
  const chosen =
    client.authentication ?? (privateKey ? 'private_key_jwt' : secret ? 'basic' : undefined)
  if (chosen === undefined || !Object.hasOwn(methods, chosen)) {
    throw new ConfigError(
      chosen === undefined
        ? 'The client has no credential.'
        : `'client.authentication' must be one of ${Object.keys(methods).join(', ')}.`,
      "Set 'secret' or 'privateKey', or authentication: 'mtls'. Without authentication, anyone who has a token could exchange it.",
    )
  }
  checkCredential(client, chosen)
  return chosen
}

function checkCredential(client: HopClient, method: Authentication): void {
  const { needs } = methods[method]
  const unused = (['secret', 'privateKey'] as const).find((name) => name !== needs && client[name])
  if (unused) {
    throw new ConfigError(
      `'client.${unused}' is not used with the authentication method '${method}'.`,
      'Remove one of them.',
    )
  }
  if (needs && client[needs] === undefined) {
    throw new ConfigError(
      `The authentication method '${method}' needs 'client.${needs}'.`,
      `Set 'client.${needs}'.`,
    )
  }
  if (needs === 'secret' && typeof client.secret !== 'string') {
    throw new ConfigError(
      `'client.secret' must be a string, got ${kindOf(client.secret)}.`,
      'Read it from the environment.',
    )
  }
  if (needs === 'privateKey' && !isPrivateKey(client.privateKey)) {
    throw new ConfigError(
      "'client.privateKey' must be a private CryptoKey, or { key, kid }.",
      "Create it with crypto.subtle.importKey() or with jose's importJWK().",
    )
  }
}

function isPrivateKey(value: HopClient['privateKey']): boolean {
  const { key, type } = (value ?? {}) as { key?: CryptoKey; type?: unknown }
  return (key?.type ?? type) === 'private'
}
