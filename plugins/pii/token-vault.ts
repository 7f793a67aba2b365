// Seals values for the vault: AES-256-GCM, bound to tenant, scope and name, so that a row that was moved opens nowhere else.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { VaultScope } from '../../core/plugin/index.ts'

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/** Keys of one purpose each, from the one secret of the gateway. */
export const deriveKey = (secret: Buffer, ...purpose: readonly string[]): Buffer =>
  createHmac('sha256', secret).update(JSON.stringify(purpose)).digest()

export function seal(key: Buffer, scope: VaultScope, name: string, value: string): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(placeOf(scope, name))
  // As JSON: half of a surrogate pair has no form in UTF-8.
  const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body])
}

/** Null when it was sealed for another place, with another key, or changed. */
export function unseal(key: Buffer, scope: VaultScope, name: string, sealed: Uint8Array): string | null {
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(placeOf(scope, name))
      .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    const body = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
    return String(JSON.parse(body.toString('utf8')))
  } catch {
    return null
  }
}

const placeOf = ({ tenant, id }: VaultScope, name: string): Buffer => Buffer.from(JSON.stringify([tenant, id, name]))
