import { expect, test } from 'vitest'
import { verifyProof } from '../../src/binding/proof.ts'
import { targetsOf } from '../../src/binding/target-url.ts'
import { thumbprintOf } from '../../src/jose/jwk.ts'
import { contextOf, presentationOf, sha256 } from './dpop-fixture.ts'

// The figures of RFC 7638 section 3.1 and RFC 9449 sections 6.1 and 7.1.

const rsa = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
}
const ec = {
  kty: 'EC',
  x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
  y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
  crv: 'P-256',
}
const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'

// DPOP2-ctrl-rfc-vector:
test('the thumbprint of the RSA key in RFC 7638', async () => {
  expect(await thumbprintOf(rsa)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})

test('the thumbprint of the EC key in RFC 9449', async () => {
  expect(await thumbprintOf(ec)).toBe(jkt)
})

test('the thumbprint of a key of RFC 9964 section 3 covers its algorithm', async () => {
  const json = '{"alg":"ML-DSA-44","kty":"AKP","pub":"unH5"}'
  const jwk = { kty: 'AKP', kid: 'k', pub: 'unH5', alg: 'ML-DSA-44' }
  expect(await thumbprintOf(jwk)).toBe(sha256(json))
})

test('the proof in RFC 9449 section 7.1 is accepted', async () => {
  const proof =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA'
  const targets = targetsOf(presentationOf({}, { url: '/protectedresource' }), {
    origins: [{ origin: 'https://resource.example.org', path: '' }],
    prefix: 'stripped',
  })
  const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
  const result = await verifyProof(contextOf(proof, { targets, token, now: 1_562_262_618 }))
  expect(result).toMatchObject({ jkt, jti: 'e1j3V_bKic8-LAEB' })
})
