// What `sallyport doctor` looks at in the state: whether the folder can be read; whether Redis can be reached, is new enough, keeps what it is given,
// and whether its gateways share our secrets.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { requireIntact } from '../state/damage.ts'
import { examineRedis } from '../state/redis/examine.ts'
import { markOf, otherSecrets } from '../state/redis/same-secrets.ts'
import { openSecrets, secretsFolder } from '../state/secrets.ts'
import type { LoadedConfig } from '../config/config.ts'

/** What a check of the doctor says. */
export interface Finding {
  readonly what: string
  /** `note`: worth knowing, and no fault. */
  readonly state: 'ok' | 'note' | 'bad'
  readonly says: string
}

const LEAST_VERSION = [6, 2] as const

/** Throws what is wrong with what the embedded driver keeps. */
export function checkState({ config: { state }, baseDir }: LoadedConfig): readonly Finding[] {
  if (state.driver === 'embedded') requireIntact(resolve(baseDir, state.path))
  return []
}

/** Nothing with the embedded driver, whose folder is looked at with the others. Rejects with a sentence when Redis cannot be reached. */
export async function checkRedis(loaded: LoadedConfig): Promise<readonly Finding[]> {
  const { state } = loaded.config
  if (state.driver !== 'redis') return []
  const { version, evictionPolicy, isAppendOnly, isCluster, secretsMark } = await examineRedis(state)
  const findings: Finding[] = []
  if (isTooOld(version)) findings.push(bad(`version ${version} is too old; ${LEAST_VERSION.join('.')} is the oldest that works`))
  if (isCluster) findings.push(bad('this is a node of Redis Cluster, which this version cannot use; name a single server'))
  const folder = secretsFolder(loaded)
  if (secretsMark !== null && secretsMark !== ownMark(folder)) findings.push(bad(otherSecrets(folder)))
  if (evictionPolicy !== 'noeviction')
    findings.push(
      bad(`maxmemory-policy is ${evictionPolicy}: a full memory would forget limits and keys; run: CONFIG SET maxmemory-policy noeviction`),
    )
  if (!isAppendOnly)
    findings.push({
      what: 'redis',
      state: 'note',
      says: 'appendonly is off: after a crash of Redis, keys and limits fall back to its last snapshot; run: CONFIG SET appendonly yes',
    })
  return findings.length > 0 ? findings : [{ what: 'redis', state: 'ok', says: `version ${version}, noeviction, appendonly` }]
}

/** Null: there are none yet. */
function ownMark(folder: string): string | null {
  return existsSync(join(folder, 'pepper')) ? markOf(openSecrets(folder)('pepper')) : null
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1])
}

const bad = (says: string): Finding => ({ what: 'redis', state: 'bad', says })
