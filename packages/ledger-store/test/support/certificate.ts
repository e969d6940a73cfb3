/** A certificate that nobody signed but itself, for a server of a test (RFC 5280, in DER). */
import { generateKeyPairSync, sign } from "node:crypto"

const lengthOf = (bytes: number): Uint8Array => {
  if (bytes < 128) return Uint8Array.of(bytes)
  return bytes < 256 ? Uint8Array.of(0x81, bytes) : Uint8Array.of(0x82, bytes >> 8, bytes & 255)
}
const part = (tag: number, ...contents: ReadonlyArray<Uint8Array>): Uint8Array => {
  const content = Buffer.concat(contents)
  return Buffer.concat([Uint8Array.of(tag), lengthOf(content.length), content])
}
const sequence = (...contents: ReadonlyArray<Uint8Array>) => part(0x30, ...contents)
const hex = (text: string) => Buffer.from(text, "hex")

const object_ids = {
  common_name: part(0x06, hex("550403")),
  alternative_names: part(0x06, hex("551d11")),
  ecdsa_with_sha256: part(0x06, hex("2a8648ce3d040302")),
} as const

/** PEM texts of a key and of a certificate for a host's name that holds from the year 2000 to 2049. */
export const makeCertificate = (host: string): { readonly certificate: string; readonly key: string } => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const name = sequence(part(0x31, sequence(object_ids.common_name, part(0x0c, Buffer.from(host)))))
  const algorithm = sequence(object_ids.ecdsa_with_sha256)
  const time = (text: string) => part(0x17, Buffer.from(text))
  const names = sequence(part(0x82, Buffer.from(host)))
  const body = sequence(
    part(0xa0, part(0x02, Uint8Array.of(2))),
    part(0x02, Uint8Array.of(1)),
    algorithm,
    name,
    sequence(time("000101000000Z"), time("491231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    part(0xa3, sequence(sequence(object_ids.alternative_names, part(0x04, names)))),
  )
  const signature = sign("sha256", body, privateKey)
  const whole = sequence(body, algorithm, part(0x03, Uint8Array.of(0), signature))
  const lines =
    Buffer.from(whole)
      .toString("base64")
      .match(/.{1,64}/gu) ?? []
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  }
}
