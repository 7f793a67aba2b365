// Where the record of a configuration lies, with paths made absolute.
import { resolve } from 'node:path'
import type { LoadedConfig } from '../config/config.ts'
import type { RecorderOptions } from '../recorder/options.ts'

export function recordOptions({ config, baseDir }: LoadedConfig): RecorderOptions {
  const { clickhouse, spool } = config.record
  return {
    spool: resolve(baseDir, spool.path),
    clickhouse: clickhouse.driver === 'embedded' ? { driver: 'embedded', path: resolve(baseDir, clickhouse.path) } : clickhouse,
  }
}
