// From a path to a checked configuration: read, parse, resolve the environment, validate, cross-check, convert. All findings come at once.
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument, type Document } from 'yaml'
import { buildDirectory, credentialRef } from './directory.ts'
import { checkReferences } from './references.ts'
import { ConfigError, type ConfigFinding } from './config-error.ts'
import { defaultConfig } from './defaults.ts'
import { resolveEnvironment } from './environment.ts'
import { SIZE } from './schema.ts'
import { validateConfig } from './validate.ts'
import type { Config, CredentialSource, LoadedConfig } from './config.ts'
import type { Json, JsonObject } from '../model/value.ts'
import type { RawConfig } from './raw.ts'

export const DEFAULT_FILE = 'sallyport.yaml'
/** A thousand tenants take a few hundred KiB. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

export interface LoadOptions {
  readonly environment?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Unix ms: decides which dated rates hold. */
  readonly now?: number
}

/** Loads `path`, else `./sallyport.yaml`, else the built-in defaults. Throws ConfigError with every finding. */
export function loadConfig(path?: string, options: LoadOptions = {}): LoadedConfig {
  const { environment = process.env, cwd = process.cwd(), now = Date.now() } = options
  const file = findFile(path, cwd)
  const source = file ?? 'built-in defaults'
  const text = file === null ? JSON.stringify(defaultConfig(environment)) : readText(file)
  const baseDir = file === null ? cwd : dirname(file)
  const parsed = withoutMissingFolder(parseText(text, source), baseDir)
  const { raw, findings } = validateConfig(resolveEnvironment(parsed, environment))
  const all = findings.length > 0 ? findings : checkReferences(raw)
  if (all.length > 0) throw new ConfigError(source, all)

  const directory = buildDirectory(raw, now)
  return {
    config: configOf(raw),
    directory,
    path: file,
    baseDir,
    hash: sha256(text),
    ratesVersion: ratesVersion(directory),
    credentials: credentialsOf(raw, baseDir),
    admins: raw.admins,
  }
}

/** Bytes of `16MiB`, `1GB`, `512` (bytes). */
export function bytesOf(size: number | string): number {
  if (typeof size === 'number') return size
  const unit = new RegExp(SIZE).exec(size)?.[1] ?? 'B'
  const power = ['B', 'K', 'M', 'G', 'T'].indexOf(unit[0]!)
  return Number.parseInt(size, 10) * (unit.includes('i') ? 1024 : 1000) ** power
}

function findFile(path: string | undefined, cwd: string): string | null {
  if (path === undefined) return existsSync(resolve(cwd, DEFAULT_FILE)) ? resolve(cwd, DEFAULT_FILE) : null
  const file = resolve(cwd, path)
  if (!existsSync(file))
    throw new ConfigError(file, [{ path: '', message: 'there is no such file; `sallyport init` writes one to start from' }], true)
  return file
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file)
    if (bytes.length > MAX_FILE_BYTES) throw new RangeError(`it is larger than ${MAX_FILE_BYTES} bytes`)
    if (!isUtf8(bytes)) throw new TypeError('it is no UTF-8 text; save it as UTF-8')
    return bytes.toString()
  } catch (error) {
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${(error as Error).message}` }])
  }
}

function parseText(text: string, source: string): JsonObject {
  const document = parseDocument(text)
  const findings = document.errors.map((error): ConfigFinding => ({ path: '', message: error.message.trimEnd() }))
  if (findings.length > 0) throw new ConfigError(source, findings)
  const root = plainValue(document, source)
  if (root === null) return {}
  // `server:` with nothing behind it is what an editor leaves when everything below is commented out.
  if (typeof root === 'object' && !Array.isArray(root))
    return Object.fromEntries(Object.entries(root).filter(([, value]) => value !== null))
  throw new ConfigError(source, [{ path: '', message: 'must hold settings such as `server:`, not a list or a single value' }])
}

/** Aliases (`*name`) may repeat a value a few times; they may neither multiply it beyond reason nor stand within what they name. */
function plainValue(document: Document, source: string): Json {
  try {
    const root = document.toJS({ maxAliasCount: 100 }) as Json
    JSON.stringify(root)
    return root
  } catch (error) {
    const message =
      error instanceof ReferenceError
        ? 'its aliases (*name) multiply it beyond reason'
        : 'it nests without end, or an alias (*name) stands within what it names'
    throw new ConfigError(source, [{ path: '', message }])
  }
}

/** `policies.paths` defaults to `./policies`; only a folder that is written down has to exist. */
function withoutMissingFolder(parsed: JsonObject, baseDir: string): JsonObject {
  const policies = parsed['policies'] ?? {}
  const isWritten = typeof policies !== 'object' || Array.isArray(policies) || 'paths' in policies
  return isWritten || existsSync(resolve(baseDir, 'policies'))
    ? parsed
    : { ...parsed, policies: { ...(policies as JsonObject), paths: [] } }
}

function stateOf({ driver, path, url, commandTimeoutMs, keyPrefix }: RawConfig['state']): Config['state'] {
  return driver === 'redis' ? { driver, url: url!, commandTimeoutMs, keyPrefix } : { driver, path }
}

function configOf(raw: RawConfig): Config {
  const { server, state, record, money, policies, pluginPaths, plugins, log } = raw
  const { clickhouse, spool } = record
  return {
    server: { ...server, maxBodyBytes: bytesOf(server.maxBodyBytes) },
    state: stateOf(state),
    record: {
      clickhouse:
        clickhouse.driver === 'server'
          ? { driver: 'server', url: clickhouse.url!, database: clickhouse.database, user: clickhouse.user, password: clickhouse.password }
          : { driver: 'embedded', path: clickhouse.path },
      spool: { ...spool, maxBytes: bytesOf(spool.maxBytes) },
    },
    money: { base: money.base },
    policies,
    pluginPaths,
    plugins: Object.fromEntries(Object.entries(plugins).map(([name, block]) => [name, block ?? {}])),
    log,
  }
}

function credentialsOf(raw: RawConfig, baseDir: string): ReadonlyMap<string, CredentialSource> {
  const entries = raw.providers.flatMap(({ credential }) => (credential ? [credential] : []))
  return new Map(entries.map((source) => [credentialRef(source), 'file' in source ? { file: resolve(baseDir, source.file) } : source]))
}

/** Changes exactly when a price in force changes. */
function ratesVersion({ models }: LoadedConfig['directory']): string {
  const prices = [...models.values()].flatMap(({ name, targets }) => targets.map(({ id, rates }) => [name, id, rates]))
  return sha256(JSON.stringify(prices, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))).slice(0, 16)
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
