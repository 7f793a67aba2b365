// The shape of `sallyport.yaml` after defaults: what the schema promises and the rest of the house reads.
// The schema (`schema.ts`) is tied to this by types; `interface` names are public (`docs/configuration.md`).
import type { Directory } from '../model/directory.ts'
import type { JsonObject } from '../model/value.ts'

export interface Config {
  readonly server: {
    readonly host: string
    readonly port: number
    readonly maxBodyBytes: number
    readonly trustProxy: readonly string[]
    readonly receiveTimeoutMs: number
    readonly streamHeaderAfterMs: number
    readonly drainSeconds: number
  }
  readonly state:
    | { readonly driver: 'embedded'; readonly path: string }
    | { readonly driver: 'redis'; readonly url: string; readonly commandTimeoutMs: number; readonly keyPrefix: string }
  readonly record: {
    readonly clickhouse:
      | { readonly driver: 'embedded'; readonly path: string }
      | { readonly driver: 'server'; readonly url: string; readonly database: string; readonly user: string; readonly password: string }
    readonly spool: {
      readonly path: string
      readonly maxBytes: number
      readonly fsync: boolean
      readonly onUnavailable: 'block' | 'continue'
    }
  }
  readonly money: { readonly base: string }
  readonly policies: { readonly standard: boolean; readonly paths: readonly string[] }
  /** Folders of plugins from outside, as written: relative to `baseDir`. */
  readonly pluginPaths: readonly string[]
  /** Blocks by plugin name, checked by each plugin's own schema. */
  readonly plugins: { readonly [name: string]: JsonObject }
  readonly log: { readonly level: string }
}

/** A configuration that was read, checked and converted. Immutable. */
export interface LoadedConfig {
  readonly config: Config
  readonly directory: Directory
  /** Absolute path of the file, or null when built-in defaults are in use. */
  readonly path: string | null
  /** Folder that relative paths refer to. */
  readonly baseDir: string
  /** SHA-256 (hex) of the file's text with secrets unresolved. */
  readonly hash: string
  /** Version of the price list: hash of all rates. */
  readonly ratesVersion: string
  /** Where a provider's credential comes from, by `credentialRef`; values are read on use and never logged. */
  readonly credentials: ReadonlyMap<string, CredentialSource>
  /** Admin keys of `admins:`. */
  readonly admins: readonly { readonly id: string; readonly role: string; readonly hash: string }[]
}

export type CredentialSource = { readonly env: string } | { readonly file: string } | { readonly managedIdentity: true }
