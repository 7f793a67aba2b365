// How a customer key is made, recognised and hashed: `sp_live_<prefix>_<secret><check>`.
// The check digits catch a slip of the hand before anything is looked up; they prove nothing, the hash does.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIX_LENGTH = 10
/** 33 characters of 62: 196 bits. */
const SECRET_LENGTH = 33
const CHECK_LENGTH = 6
const FORM = new RegExp(`^sp_live_([0-9A-Za-z]{${PREFIX_LENGTH}})_([0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECK_LENGTH}})$`)

export interface KeyMaterial {
  /** The whole key, shown once. */
  readonly key: string
  /** Public part by which the key is found. */
  readonly prefix: string
}

/** A new random key. */
export function makeKey(): KeyMaterial {
  const prefix = randomText(PREFIX_LENGTH)
  const stem = `sp_live_${prefix}_${randomText(SECRET_LENGTH)}`
  return { key: stem + checkDigits(stem), prefix }
}

/** The prefix of a well-formed key; null for anything else, a mistyped key included. */
export function prefixOfKey(text: string): string | null {
  const match = FORM.exec(text)
  if (!match) return null
  const stem = text.slice(0, -CHECK_LENGTH)
  return checkDigits(stem) === match[3] ? match[1]! : null
}

/** HMAC-SHA-256 of the whole key under the pepper: what is stored, as hex. */
export function hashKey(key: string, pepper: Buffer): string {
  return createHmac('sha256', pepper).update(key).digest('hex')
}

/** Compares two hex digests in constant time; false when the stored one is no SHA-256. */
export function equalHashes(shown: string, stored: string): boolean {
  const left = Buffer.from(shown, 'hex')
  const right = Buffer.from(stored, 'hex')
  return left.length === 32 && right.length === 32 && timingSafeEqual(left, right)
}

/** CRC-32 in base 62, padded: six characters hold its 32 bits. */
function checkDigits(stem: string): string {
  let rest = crc32(stem)
  let digits = ''
  for (let i = 0; i < CHECK_LENGTH; i++) {
    digits = ALPHABET[rest % 62]! + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

/** Uniform over the alphabet: bytes of 248 and more would favour its first letters, so they are drawn again. */
function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62]
    }
  }
  return text
}
