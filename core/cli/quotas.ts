// `sallyport quotas list|raise|end`: where limits stand, and more of one for a while. Asks the running gateway, else the state store.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { nanoOf } from '../model/money.ts'
import { openQuotaDoor, type QuotaDoor, type Row } from './quota-doors.ts'
import { printRows, stdout } from './output.ts'
import { spanMs } from '../config/key-request.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Raise } from '../model/state.ts'

type LoadConfig = (path?: string) => LoadedConfig | Promise<LoadedConfig>

interface Where {
  readonly config?: string
  readonly url?: string
  readonly json?: boolean
}

interface ListOptions extends Where {
  readonly tenant?: string
  readonly policy?: string
  readonly raises?: boolean
}

interface RaiseOptions extends Where {
  readonly tenant: string
  readonly policy: string
  readonly unit: NonNullable<Raise['unit']>
  readonly add: string
  readonly for?: number
  readonly until?: number
  readonly reason: string
}

/** As the admin API has it. */
const LONGEST_MS = 366 * 86_400_000

const COUNTERS = ['tenant', 'policy', 'by', 'unit', 'window', 'used', 'reserved', 'limit', 'resets_at'] as const
const RAISES = ['id', 'tenant', 'policy', 'unit', 'add', 'until', 'by', 'reason'] as const

/** Adds the command group. `load` reads the configuration that `--config` names; it throws on a bad one. */
export function registerQuotas(program: Command, load: LoadConfig): void {
  const quotas = program.command('quotas').description('limits: where they stand, and more of one for a while')
  const where = (command: Command): Command =>
    command
      .option('--json', 'one JSON object per row')
      .option('--url <url>', 'where the gateway listens (default: as configured; the state store where none runs)')
      .option('--config <file>', 'configuration to read')
  where(quotas.command('list').description('counters of limits with what is used, reserved and allowed'))
    .option('--tenant <id>', 'only of this tenant')
    .option('--policy <id>', 'only of this policy')
    .option('--raises', 'raises that hold now, instead of counters')
    .action((options: ListOptions) => through(load, options, (door) => list(door, options)))
  where(quotas.command('raise').description('allow a tenant more of a limit until a moment; it counts within a second'))
    .requiredOption('--tenant <id>', 'tenant that gets more')
    .requiredOption('--policy <id>', 'policy that limits, e.g. standard.quotas.daily_tokens')
    .addOption(new Option('--unit <unit>', 'what is limited').choices(['tokens', 'requests', 'money', 'concurrent']).makeOptionMandatory())
    .requiredOption('--add <amount>', 'how much more; money in the base currency')
    .option('--for <span>', 'how long: 90m, 12h, 7d', readSpan)
    .option('--until <moment>', 'until when (ISO 8601), instead of --for', readMoment)
    .requiredOption('--reason <text>', 'why; it stands in the record')
    .action((options: RaiseOptions, command: Command) => through(load, options, (door, loaded) => raise(door, loaded, options, command)))
  where(quotas.command('end').description('end a raise before its time'))
    .argument('<id>', 'id of the raise, as `quotas list --raises` shows it')
    .action((id: string, options: Where, command: Command) => through(load, options, (door) => end(door, id, options, command)))
}

async function through(
  load: LoadConfig,
  { config, url }: Where,
  use: (door: QuotaDoor, loaded: LoadedConfig) => Promise<void>,
): Promise<void> {
  const loaded = await load(config)
  const door = await openQuotaDoor(loaded, url)
  try {
    await use(door, loaded)
  } finally {
    await door.close()
  }
}

async function list(door: QuotaDoor, { tenant, policy, raises, json }: ListOptions): Promise<void> {
  const narrowed = { ...(tenant === undefined ? {} : { tenant }), ...(policy === undefined ? {} : { policy }) }
  const isAsked = (row: Row): boolean => (tenant ?? row['tenant']) === row['tenant'] && (policy ?? row['policy']) === row['policy']
  if (raises) await show(RAISES, (await door.raises()).filter(isAsked), json)
  else {
    await show(COUNTERS, await door.counters(narrowed), json)
    if (door.withoutLimits !== null) process.stderr.write(`${door.withoutLimits}\n`)
  }
}

async function raise(door: QuotaDoor, { directory }: LoadedConfig, options: RaiseOptions, command: Command): Promise<void> {
  const { tenant, policy, unit, add, reason } = options
  if (!directory.tenants.has(tenant)) command.error(`error: no tenant "${tenant}" is configured`, { exitCode: 2 })
  if ((options.for === undefined) === (options.until === undefined)) command.error('error: say either --for or --until', { exitCode: 2 })
  const until = options.until ?? Date.now() + options.for!
  if (until <= Date.now()) command.error('error: --until is in the past', { exitCode: 2 })
  if (until - Date.now() > LONGEST_MS)
    command.error('error: a raise lasts for a year at most; what lasts longer is a larger limit', { exitCode: 2 })
  const amount = readAmount(add, unit)
  if (amount === null)
    command.error(`error: --add must be ${unit === 'money' ? 'an amount such as 12.50' : 'a whole number'} above 0`, { exitCode: 2 })
  await show(RAISES, [await door.raise({ tenant, policy, unit, add, amount: amount!, until, reason })], options.json)
}

async function end(door: QuotaDoor, id: string, { json }: Where, command: Command): Promise<void> {
  const ended = await door.end(id)
  if (ended === null)
    return command.error(`error: no raise "${id}" holds now; \`sallyport quotas list --raises\` shows them`, { exitCode: 1 })
  await show(RAISES, [ended], json)
}

function show(columns: readonly string[], rows: readonly Row[], json = false): Promise<void> {
  const cellOf = (row: Row, column: string): unknown => (column === 'by' && !json ? [row[column]].flat().join(', ') : row[column])
  const cells = rows.map((row) => columns.map((column) => cellOf(row, column)))
  return printRows(stdout, columns, cells, json)
}

function readAmount(text: string, unit: RaiseOptions['unit']): number | null {
  if (!(unit === 'money' ? /^\d{1,7}(\.\d{1,9})?$/ : /^\d{1,15}$/).test(text)) return null
  const amount = unit === 'money' ? Number(nanoOf(text)) : Number(text)
  return amount > 0 && Number.isSafeInteger(amount) ? amount : null
}

function readSpan(text: string): number {
  const ms = spanMs(text)
  if (ms === null) throw new InvalidArgumentError('write a span such as 90m, 12h or 7d.')
  return ms
}

function readMoment(text: string): number {
  const moment = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(moment)) throw new InvalidArgumentError('write a moment such as 2027-03-31T18:00:00Z.')
  return moment
}
