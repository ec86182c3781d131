import { type AccessToken, createVerifier } from '@resource-server/core'
import {
  type ExchangeRecord,
  HopError,
  nextHop,
  type NextHop,
  type NextHopOptions,
} from '@resource-server/exchange'

interface Hop {
  readonly hop: NextHop
  readonly records: readonly ExchangeRecord[]
  /** Verifies a token for the client, as the client's own service does. */
  readonly verify: (raw: string) => Promise<AccessToken>
  /** Exchanges the text of a token. */
  readonly exchange: (raw: string) => Promise<string>
  /** The error of an exchange. @throws if there is a token */
  readonly errorOf: (raw: string) => Promise<HopError>
}

/** A hop of one of the services. The secret of a client is `<client>-secret` unless given. */
export function hopOf(
  client: string,
  options: Pick<NextHopOptions, 'issuer'> & Partial<NextHopOptions>,
  secret = `${client}-secret`,
  accepted = client,
): Hop {
  const records: ExchangeRecord[] = []
  const hop = nextHop({
    client: { id: client, secret },
    log: 'off',
    onExchange: (record) => records.push(record),
    ...options,
  })
  const issuer = typeof options.issuer === 'string' ? options.issuer : options.issuer.issuer
  const verify = async (raw: string): Promise<AccessToken> => {
    const verifier = createVerifier({ issuer, audience: accepted })
    try {
      return await verifier.verify(raw)
    } finally {
      verifier.close()
    }
  }
  return {
    hop,
    records,
    verify,
    exchange: async (raw) => (await hop.token(await verify(raw))).value,
    errorOf: async (raw) => {
      const subject = await verify(raw)
      const error: unknown = await hop.token(subject).then(
        () => new Error('a token was issued'),
        (thrown: unknown) => thrown,
      )
      if (error instanceof HopError) return error
      throw error
    },
  }
}
