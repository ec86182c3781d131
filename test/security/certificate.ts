import { sign } from 'node:crypto'
import type { Key } from './keys.ts'

/** DER, X.690 section 8.1: tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const oid = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes))
const time = (date: string): Buffer => der(0x17, Buffer.from(date))

const commonName = oid(0x55, 0x04, 0x03)
const subjectAltName = oid(0x55, 0x1d, 0x11)
/** sha256WithRSAEncryption and ecdsa-with-SHA256. */
const algorithms: Readonly<Record<string, Buffer>> = {
  rsa: sequence(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), der(0x05)),
  ec: sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)),
}

/** A self-signed X.509 certificate in PEM, for 127.0.0.1 until 2049 unless told otherwise. */
export function certificateOf(
  { publicKey, privateKey }: Key,
  { until = '491231235959Z', address = [127, 0, 0, 1] } = {},
): string {
  const name = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from('test')))))
  const algorithm = algorithms[publicKey.asymmetricKeyType!]!
  const names = sequence(der(0x87, Buffer.from(address)))
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    algorithm,
    name,
    sequence(time('200101000000Z'), time(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(subjectAltName, der(0x04, names)))),
  )
  const signature = sign('sha256', tbs, privateKey)
  const whole = sequence(tbs, algorithm, der(0x03, Buffer.of(0), signature))
  const lines = whole.toString('base64').match(/.{1,64}/g)!
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
