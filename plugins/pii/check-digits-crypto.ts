// Checksums of addresses on block chains: Base58Check, Bech32 and Bech32m, and the mixed case of Ethereum.
import { createHash } from 'node:crypto'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Base58Check of 25 bytes, as of Bitcoin (1…, 3…), Litecoin and Dogecoin: a version, twenty bytes, and four of SHA-256 twice. */
export function base58Check(match: string): boolean {
  const bytes = bytesOfBase58(match, 25)
  if (!bytes) return false
  const sum = sha256(sha256(bytes.subarray(0, 21)))
  return sum.subarray(0, 4).equals(bytes.subarray(21))
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** Exactly `size` bytes, or null. */
function bytesOfBase58(text: string, size: number): Buffer | null {
  let value = 0n
  for (const character of text) {
    const digit = BASE58.indexOf(character)
    if (digit < 0) return null
    value = value * 58n + BigInt(digit)
  }
  const hex = value.toString(16)
  if (hex.length > size * 2) return null
  const zeros = /^1*/.exec(text)![0].length
  // Leading ones stand for leading zero bytes, one each.
  if (value > 0n && zeros !== size - Math.ceil(hex.length / 2)) return null
  return Buffer.from(hex.padStart(size * 2, '0'), 'hex')
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
/** What the polynomial leaves: 1 for Bech32 (BIP 173), another for Bech32m (BIP 350). */
const REMAINDERS = [1, 0x2bc830a3]

/** A segwit address: a prefix, `1`, and data that ends in six characters of a BCH code; all in one case. */
export function bech32(match: string): boolean {
  const text = match.toLowerCase()
  if (match !== text && match !== match.toUpperCase()) return false
  const at = text.lastIndexOf('1')
  const data = Array.from(text.slice(at + 1), (character) => BECH32.indexOf(character))
  if (at < 1 || data.length < 6 || data.includes(-1)) return false
  const prefix = Array.from(text.slice(0, at), (character) => character.charCodeAt(0))
  return REMAINDERS.includes(polymod([...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]))
}

function polymod(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (let i = 0; i < 5; i++) if ((top >> i) & 1) sum ^= GENERATORS[i]!
  }
  return sum
}

/** An address of Ethereum in one case, or in the mixed case that EIP-55 makes of its Keccak-256. */
export function ethereumAddress(match: string): boolean {
  const body = match.slice(2)
  const lower = body.toLowerCase()
  if (!/^0x[0-9a-f]{40}$/i.test(match) || /^(.)\1*$/.test(lower)) return false
  if (body === lower || body === body.toUpperCase()) return true
  const hash = keccak256(Buffer.from(lower, 'latin1')).toString('hex')
  return Array.from(lower, (character, i) => (Number.parseInt(hash[i]!, 16) > 7 ? character.toUpperCase() : character)).join('') === body
}

const MASK = (1n << 64n) - 1n
const rotate = (lane: bigint, by: bigint): bigint => ((lane << by) | (lane >> (64n - by))) & MASK

/** Round constants of Keccak-f[1600], from its shift register. */
const ROUND_CONSTANTS = makeRoundConstants()

function makeRoundConstants(): readonly bigint[] {
  let register = 1
  return Array.from({ length: 24 }, () => {
    let constant = 0n
    for (let j = 0; j < 7; j++) {
      if (register & 1) constant |= 1n << BigInt(2 ** j - 1)
      register = (register << 1) ^ (register >> 7 ? 0x171 : 0)
    }
    return constant
  })
}

/** Keccak-256 as Ethereum uses it: the padding from before FIPS 202, which Node's SHA3 does not have. Up to 135 bytes. */
function keccak256(message: Buffer): Buffer {
  const block = Buffer.alloc(200)
  message.copy(block)
  block[message.length]! ^= 1
  block[135]! ^= 0x80
  let lanes = Array.from({ length: 25 }, (_, i) => block.readBigUInt64LE(i * 8))
  for (const constant of ROUND_CONSTANTS) lanes = keccakRound(lanes, constant)
  const out = Buffer.alloc(32)
  for (let i = 0; i < 4; i++) out.writeBigUInt64LE(lanes[i]!, i * 8)
  return out
}

/** θ, ρ with π, χ and ι; lane (x, y) stands at x + 5y. */
function keccakRound(lanes: readonly bigint[], constant: bigint): bigint[] {
  const parity = [0, 1, 2, 3, 4].map((x) => lanes[x]! ^ lanes[x + 5]! ^ lanes[x + 10]! ^ lanes[x + 15]! ^ lanes[x + 20]!)
  const mixed = lanes.map((lane, i) => lane ^ parity[(i + 4) % 5]! ^ rotate(parity[(i + 1) % 5]!, 1n))
  let [x, y, current] = [1, 0, mixed[1]!]
  const moved = [...mixed]
  for (let t = 0; t < 24; t++) {
    ;[x, y] = [y, (2 * x + 3 * y) % 5]
    const next = mixed[x + 5 * y]!
    moved[x + 5 * y] = rotate(current, BigInt((((t + 1) * (t + 2)) / 2) % 64))
    current = next
  }
  const result = moved.map((lane, i) => {
    const row = i - (i % 5)
    return lane ^ (~moved[row + ((i + 1) % 5)]! & MASK & moved[row + ((i + 2) % 5)]!)
  })
  result[0]! ^= constant
  return result
}
