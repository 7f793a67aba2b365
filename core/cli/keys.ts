// `sallyport keys create|list|rotate|revoke`: customer keys in the state store. Works beside a running gateway, which sees a change within a second;
// each change is a row of `admin_events`.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { stringify } from 'yaml'
import { commandRecord } from './command-record.ts'
import { printRows, stdout } from './output.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { KeyChanges, prepareKey, type RecordKeyEvent, type ShownKey } from '../state/key-changes.ts'
import { openKeys } from '../state/open.ts'
import { openSecrets, secretsFolder } from '../state/secrets.ts'
import { readNewKey, spanMs } from '../config/key-request.ts'
import type { KeyRow } from '../model/directory.ts'
import type { LoadedConfig } from '../config/config.ts'

type LoadConfig = (path?: string) => LoadedConfig | Promise<LoadedConfig>

interface Options {
  readonly config?: string
  readonly json?: boolean
}

interface CreateOptions extends Options {
  readonly tenant: string
  readonly name?: string
  readonly scopes: readonly string[]
  readonly models?: readonly string[]
  readonly features?: readonly string[]
  readonly ips?: readonly string[]
  readonly expires?: string
  readonly budget?: string
  readonly quota?: { readonly [member: string]: number | string }
  readonly printConfig?: boolean
}

interface ListOptions extends Options {
  readonly tenant?: string
}

interface RotateOptions extends Options {
  /** Seconds. */
  readonly overlap: number
}

const CONFIG = ['--config <file>', 'configuration to read'] as const

/** Adds the command group. `load` reads the configuration that `--config` names; it throws on a bad one. */
export function registerKeys(program: Command, load: LoadConfig): void {
  const keys = program.command('keys').description('customer keys: create, list, rotate, revoke')
  keys
    .command('create')
    .description('make a key; its secret is printed once and stored nowhere')
    .requiredOption('--tenant <id>', 'tenant the key belongs to')
    .option('--name <text>', 'what people call it')
    .option('--scopes <list>', 'what the key opens, comma separated', readList, ['chat'])
    .option('--models <list>', 'models the key may use (default: all)', readList)
    .option('--features <list>', 'features the key may use (default: all)', readList)
    .option('--ips <list>', 'addresses or networks the key may be used from (default: anywhere)', readList)
    .option('--expires <when>', 'a span such as 30d or 12h, or an ISO 8601 time (default: never)')
    .option('--budget <amount>', 'money per month in the base currency (default: no limit of its own)')
    .option('--quota <list>', 'limits of its own, such as rpm=60,daily_tokens=200000 (default: none)', readQuota)
    .option('--json', 'print {"id","key","prefix"}')
    .option('--print-config', 'print a row for `keys:` of sallyport.yaml and store nothing')
    .option(...CONFIG)
    .action(async (options: CreateOptions, command: Command) => create(command, await load(options.config), options))
  keys
    .command('list')
    .description('keys of the configuration and of the state store, without their secrets')
    .option('--tenant <id>', 'keys of this tenant alone')
    .option('--json', 'print a JSON array')
    .option(...CONFIG)
    .action(async (options: ListOptions, command: Command) => run(command, await load(options.config), (room) => list(room, options)))
  keys
    .command('rotate')
    .description('make a new key with the same rights; the old one ends after the overlap')
    .argument('<id>', 'id of the key, as `keys list` shows it')
    .addOption(
      new Option('--overlap <span>', 'how long the old key goes on; 0: it ends at once').argParser(readOverlapSpan).default(86_400, '24h'),
    )
    .option('--json', 'print {"id","key","prefix","rotated_from","old_key_expires"}')
    .option(...CONFIG)
    .action(async (id: string, options: RotateOptions, command: Command) =>
      run(command, await load(options.config), (room) => rotate(room, id, options)),
    )
  keys
    .command('revoke')
    .description('end a key; a running gateway refuses it within a second')
    .argument('<id>', 'id of the key, as `keys list` shows it')
    .option('--json', 'print the key')
    .option(...CONFIG)
    .action(async (id: string, options: Options, command: Command) =>
      run(command, await load(options.config), (room) => revoke(room, id, options)),
    )
}

interface Room {
  readonly changes: KeyChanges
  readonly record: RecordKeyEvent
}

/** Opens the keys and the record for one command. */
async function run(command: Command, loaded: LoadedConfig, work: (room: Room) => Promise<void>): Promise<void> {
  const record = commandRecord(loaded)
  const store = await openKeys(loaded)
  const parts = { keys: store.keys, directory: () => loaded.directory, pepper: pepperOf(loaded), now: Date.now }
  try {
    await inWords(command, () => work({ changes: new KeyChanges(parts), record: (event) => record.note(event) }))
  } finally {
    await store.close()
    await record.close()
  }
}

/** What is asked wrongly ends with its sentence and the exit code of wrong usage. */
async function inWords<T>(command: Command, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'invalid_request') command.error(`error: ${error.message}`, { exitCode: 2 })
    throw error
  }
}

const pepperOf = (loaded: LoadedConfig) => (): Buffer => openSecrets(secretsFolder(loaded))('pepper')

async function create(command: Command, loaded: LoadedConfig, options: CreateOptions): Promise<void> {
  const { tenant, name, scopes, models, features, ips: allowed_ips, expires, budget, quota } = options
  const asked = { tenant, name, scopes, models, features, allowed_ips, expires, budget, quota }
  if (options.printConfig) {
    const { row, secret } = await inWords(command, () => prepareKey(asked, loaded.directory, pepperOf(loaded), Date.now()))
    if (options.json) return print(JSON.stringify({ id: row.id, key: secret, prefix: row.prefix }))
    return print(`${stringify([configForm(row)]).trimEnd()}\n# ${shownOnce(row, secret)}`)
  }
  // A slip makes no folders.
  await inWords(command, () => readNewKey(asked, loaded.directory, Date.now()))
  await run(command, loaded, async ({ changes, record }) => {
    const { row, secret } = await changes.create(asked, record)
    print(options.json ? JSON.stringify({ id: row.id, key: secret, prefix: row.prefix }) : shownOnce(row, secret))
  })
}

const shownOnce = ({ id, tenant }: KeyRow, secret: string): string => `key ${id} of ${tenant}, shown only now: ${secret}`

/** As `keys:` of `sallyport.yaml` takes it: what is absent is left out. */
function configForm({ createdAt: _createdAt, revokedAt: _revokedAt, ...row }: KeyRow): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}

async function list({ changes }: Room, { tenant, json }: ListOptions): Promise<void> {
  const all = await changes.list()
  const shown = await changes.show(tenant === undefined ? all : all.filter(({ row }) => row.tenant === tenant))
  if (json) return print(JSON.stringify(shown))
  await printRows(stdout, LISTED, shown.map(cellsOf), false)
}

const LISTED = ['id', 'name', 'tenant', 'prefix', 'scopes', 'status', 'expires', 'last_used_at', 'from'] as const

const cellsOf = (key: ShownKey): readonly unknown[] => LISTED.map((name) => (name === 'scopes' ? key.scopes.join(',') : key[name]))

async function rotate({ changes, record }: Room, id: string, { overlap, json }: RotateOptions): Promise<void> {
  const { row, secret, old } = await changes.rotate(id, { overlap_seconds: overlap }, record)
  const made = { id: row.id, key: secret, prefix: row.prefix }
  if (json) return print(JSON.stringify({ ...made, rotated_from: id, old_key_expires: old.expires }))
  print(`key ${row.id} of ${row.tenant} takes the place of ${id}, which ends at ${old.expires}; shown only now: ${secret}`)
}

async function revoke({ changes, record }: Room, id: string, { json }: Options): Promise<void> {
  const row = await changes.revoke(id, record)
  if (!json) return print(`key ${id} is revoked`)
  const [shown] = await changes.show([{ row, from: 'state' }])
  print(JSON.stringify(shown))
}

function readList(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

/** `rpm=60,daily_tokens=200000`: members as the admin API names them; what they may be is judged with the rest of the key. */
function readQuota(text: string): { readonly [member: string]: number | string } {
  const pairs = readList(text).map((pair) => /^(\w+)=(\d+(?:\.\d+)?)$/.exec(pair))
  if (pairs.length === 0 || pairs.includes(null)) throw new InvalidArgumentError('write limits such as rpm=60,daily_tokens=200000.')
  // Money keeps its digits.
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![1] === 'monthly' ? pair![2]! : Number(pair![2])]))
}

function readOverlapSpan(text: string): number {
  const ms = text === '0' ? 0 : spanMs(text)
  if (ms === null) throw new InvalidArgumentError('write a span such as 24h, 90m or 7d, or 0: the old key ends at once.')
  return ms / 1000
}

function print(text: string): void {
  process.stdout.write(text + '\n')
}
