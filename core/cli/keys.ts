// `sallyport keys create|list|revoke`: customer keys in the state store. Works beside a running gateway, which sees a change within a second.
import { isIP } from 'node:net'
import { InvalidArgumentError, type Command } from 'commander'
import { stringify } from 'yaml'
import type { KeyRow } from '../model/directory.ts'
import type { KeyStore } from '../model/state.ts'
import type { LoadedConfig } from '../config/config.ts'
import { hashKey, makeKey } from '../model/key-material.ts'
import { newId } from '../model/ids.ts'
import { openKeys } from '../state/open.ts'
import { openSecrets, secretsFolder } from '../state/secrets.ts'

type LoadConfig = (path?: string) => LoadedConfig | Promise<LoadedConfig>

interface CreateOptions {
  readonly config?: string
  readonly tenant: string
  readonly scopes: readonly string[]
  readonly models?: readonly string[]
  readonly features?: readonly string[]
  readonly ips?: readonly string[]
  readonly expires?: string
  readonly json?: boolean
  readonly printConfig?: boolean
}

interface ListOptions {
  readonly config?: string
  readonly json?: boolean
}

/** Adds the command group. `load` reads the configuration that `--config` names; it throws on a bad one. */
export function registerKeys(program: Command, load: LoadConfig): void {
  const keys = program.command('keys').description('customer keys: create, list, revoke')
  keys
    .command('create')
    .description('make a key; its secret is printed once and stored nowhere')
    .requiredOption('--tenant <id>', 'tenant the key belongs to')
    .option('--scopes <list>', 'what the key opens, comma separated', readScopes, ['chat'])
    .option('--models <list>', 'models the key may use (default: all)', readList)
    .option('--features <list>', 'features the key may use (default: all)', readList)
    .option('--ips <list>', 'addresses or networks the key may be used from (default: anywhere)', readNetworks)
    .option('--expires <when>', 'a span such as 30d or 12h, or an ISO 8601 time (default: never)', readExpiry)
    .option('--json', 'print {"id","key","prefix"}')
    .option('--print-config', 'print a row for `keys:` of sallyport.yaml and store nothing')
    .option('--config <file>', 'configuration to read')
    .action(async (options: CreateOptions, command: Command) => createKey(command, await load(options.config), options))
  keys
    .command('list')
    .description('keys of the configuration and of the state store, without their secrets')
    .option('--json', 'print a JSON array')
    .option('--config <file>', 'configuration to read')
    .action(async (options: ListOptions) => listKeys(await load(options.config), options))
  keys
    .command('revoke')
    .description('end a key; a running gateway refuses it within a second')
    .argument('<id>', 'id of the key, as `keys list` shows it')
    .option('--config <file>', 'configuration to read')
    .action(async (id: string, options: ListOptions, command: Command) => revokeKey(command, await load(options.config), id))
}

async function createKey(command: Command, loaded: LoadedConfig, options: CreateOptions): Promise<void> {
  checkNames(command, loaded, options)
  const { key, prefix } = makeKey()
  const row = rowFor(options, prefix, hashKey(key, openSecrets(secretsFolder(loaded))('pepper')))
  if (options.printConfig !== true) await withKeys(loaded, (keys) => keys.put(row))
  if (options.json) return print(JSON.stringify({ id: row.id, key, prefix }))
  if (options.printConfig) print(stringify([configForm(row)]).trimEnd())
  print(`${options.printConfig ? '# ' : ''}key ${row.id} of ${row.tenant}, shown only now: ${key}`)
}

/** A name that is configured nowhere would make a key that can do nothing, so it is a slip. */
function checkNames(command: Command, { directory }: LoadedConfig, { tenant, models = [], features = [] }: CreateOptions): void {
  const groups = [
    ['tenant', [tenant], directory.tenants],
    ['model', models, directory.models],
    ['feature', features, directory.features],
  ] as const
  for (const [what, names, known] of groups) {
    const unknown = names.find((name) => !known.has(name))
    if (unknown !== undefined)
      command.error(`error: no ${what} "${unknown}" is configured; there are: ${[...known.keys()].join(', ') || 'none'}`, { exitCode: 2 })
  }
}

function rowFor(options: CreateOptions, prefix: string, hash: string): KeyRow {
  const { tenant, scopes, models = null, features = null, ips: allowedIps = null, expires = null } = options
  return {
    id: newId('key'),
    tenant,
    prefix,
    hash,
    scopes,
    models,
    features,
    allowedIps,
    expires,
    createdAt: new Date().toISOString(),
    revokedAt: null,
  }
}

/** As `keys:` of `sallyport.yaml` takes it: what is absent is left out. */
function configForm({ createdAt: _createdAt, revokedAt: _revokedAt, ...row }: KeyRow): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}

async function listKeys(loaded: LoadedConfig, { json }: ListOptions): Promise<void> {
  const stored = await withKeys(loaded, (keys) => keys.list())
  const rows = [
    ...loaded.directory.keys.map((row) => ({ ...row, from: 'config' })),
    ...stored.map((row) => ({ ...row, from: 'state' })),
  ].map(({ hash: _hash, ...row }) => ({ ...row, status: statusOf(row) }))
  if (json) return print(JSON.stringify(rows))
  const cells = rows.map(({ id, tenant, prefix, scopes, status, from }) => [id, tenant, prefix, scopes.join(','), status, from])
  print(table([['ID', 'TENANT', 'PREFIX', 'SCOPES', 'STATUS', 'FROM'], ...cells]))
}

function statusOf({ revokedAt, expires }: Pick<KeyRow, 'revokedAt' | 'expires'>): string {
  if (revokedAt !== null) return 'revoked'
  return expires !== null && Date.parse(expires) <= Date.now() ? 'expired' : 'active'
}

async function revokeKey(command: Command, loaded: LoadedConfig, id: string): Promise<void> {
  if (await withKeys(loaded, (keys) => keys.revoke(id, new Date().toISOString()))) return print(`key ${id} is revoked`)
  const configured = loaded.directory.keys.some((row) => row.id === id)
  const help = configured ? 'it stands in the configuration: remove its row there' : '`sallyport keys list` shows all keys'
  command.error(`error: no key "${id}" in the state store; ${help}`, { exitCode: 1 })
}

async function withKeys<T>(loaded: LoadedConfig, use: (keys: KeyStore) => T | Promise<T>): Promise<T> {
  const store = await openKeys(loaded)
  try {
    return await use(store.keys)
  } finally {
    await store.close()
  }
}

function readList(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

/** A key without scopes opens nothing, and a scope that nobody can write in a policy is a slip. */
function readScopes(text: string): readonly string[] {
  const scopes = readList(text)
  const wrong = scopes.find((scope) => !/^[a-z][a-z0-9_.:-]*$/.test(scope))
  if (scopes.length === 0 || wrong !== undefined)
    throw new InvalidArgumentError(`${wrong === undefined ? 'Name at least one' : `"${wrong}" is no scope`}; write chat or chat,decide.`)
  return scopes
}

function readNetworks(text: string): readonly string[] {
  const networks = readList(text)
  const wrong = networks.find((network) => !isNetwork(network))
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong}" is no address or network; write 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32.`)
  return networks
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function readExpiry(text: string): string {
  const span = /^(\d{1,6})([mhd])$/.exec(text)
  const at = span
    ? Date.now() + Number(span[1]) * UNIT_MS[span[2] as keyof typeof UNIT_MS]
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Date.parse(text)
      : NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('write a span such as 30d, 12h or 90m, or a time such as 2027-03-31T00:00:00Z.')
  if (at <= Date.now()) throw new InvalidArgumentError('that is in the past.')
  return new Date(at).toISOString()
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function print(text: string): void {
  process.stdout.write(text + '\n')
}
