// Whether the gateways that share a Redis have the same secrets. With another pepper none would know the keys of the others, and what one has
// sealed none could open; so the first leaves a mark of its own, and whoever comes with others is told before anything is asked of it.
import { createHmac } from 'node:crypto'
import { Link } from './link.ts'
import { Names } from './names.ts'
import { SILENT, type RedisSettings } from './index.ts'

/** Says nothing about the secret; long enough that no two are taken for one. */
const MARK_CHARS = 32

/** Rejects with a sentence when others use this Redis with another `pepper`, or when it cannot be used. `folder`: where the pepper is. */
export async function requireSameSecrets(settings: RedisSettings, pepper: Buffer, folder: string): Promise<void> {
  const { url, commandTimeoutMs, keyPrefix, isKnown = false } = settings
  const names = new Names(keyPrefix)
  const link = new Link({ url, names, commandTimeoutMs, log: SILENT, isVisitor: true, isKnown })
  await link.open()
  try {
    const [key, mark] = [names.secretsMark(), markOf(pepper)]
    const found = await link.call(async (client) => ((await client.set(key, mark, 'NX')) === 'OK' ? mark : client.get(key)))
    if (found === mark) return
    throw new Error(otherSecrets(folder))
  } finally {
    await link.close()
  }
}

export function otherSecrets(folder: string): string {
  return (
    `${folder}: these are not the secrets of the gateways that share this Redis, so keys made by one would be unknown to the other; ` +
    'copy that folder from one of them, or set another state.keyPrefix (docs/operations.md, "Several hosts")'
  )
}

/** What stands for a pepper in Redis. */
export function markOf(pepper: Buffer): string {
  return createHmac('sha256', pepper).update('sallyport: mark of the secrets').digest('hex').slice(0, MARK_CHARS)
}
