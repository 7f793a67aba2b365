// What a Redis server says of itself, for `sallyport doctor`. INFO alone: hosted servers often forbid CONFIG.
import { Link } from './link.ts'
import { Names } from './names.ts'
import { SILENT, type RedisSettings } from './index.ts'

export interface RedisFacts {
  readonly version: string
  /** What it drops when memory is full; anything but `noeviction` may be a counter. */
  readonly evictionPolicy: string
  /** Writes are appended to a file at once, and not only saved now and then. */
  readonly isAppendOnly: boolean
  readonly isCluster: boolean
  /** What the gateways that share it left of their secrets; null: none has come yet. */
  readonly secretsMark: string | null
}

/** Rejects with a sentence when Redis cannot be used. */
export async function examineRedis({ url, commandTimeoutMs, keyPrefix }: RedisSettings): Promise<RedisFacts> {
  const names = new Names(keyPrefix)
  const link = new Link({ url, names, commandTimeoutMs, log: SILENT, isVisitor: true })
  await link.open()
  try {
    const info = readInfo(await link.call((client) => client.info()))
    return {
      version: info.get('redis_version') ?? '0',
      evictionPolicy: info.get('maxmemory_policy') ?? 'unknown',
      isAppendOnly: info.get('aof_enabled') === '1',
      isCluster: info.get('cluster_enabled') === '1',
      secretsMark: await link.call((client) => client.get(names.secretsMark())),
    }
  } finally {
    await link.close()
  }
}

function readInfo(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\r\n').map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1)]
  })
  return new Map(pairs)
}
