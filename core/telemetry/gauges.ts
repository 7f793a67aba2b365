// What an operator wants to know of a gateway besides its exchanges. Whoever starts the gateway says where each number is to be had; the
// names stand here, and `docs/metrics.md` explains them.
import { shared, type Sample, type Watched } from './watched.ts'
import type { Metrics } from './metrics.ts'

export const BREAKER_STATES = ['closed', 'half_open', 'open'] as const
export const POLICY_MODES = ['enforce', 'shadow', 'off'] as const

export interface Readings {
  /** Exchanges that have begun and not ended, by the snapshot that judges them. */
  exchanges(): { readonly current: number; readonly retiring: number }
  policies(): { readonly hash: string; readonly generation: number; readonly modes: readonly (typeof POLICY_MODES)[number][] }
  /** `lastGoodMs`: Unix ms at which the configuration that judges now was taken into use. */
  reloads(): { readonly ok: number; readonly refused: number; readonly isLastOk: boolean; readonly lastGoodMs: number }
  /** One entry per target of the configuration. */
  breakers(): Promise<readonly { readonly provider: string; readonly state: (typeof BREAKER_STATES)[number] }[]>
  /** `processes`: gateways that shared the state when it was last seen, this one included; `pending`: settlements that it has not been told yet. */
  state(): { readonly available: boolean; readonly processes: number; readonly pending: number }
  record(): { readonly available: boolean; readonly lost: number }
  readonly spoolMaxBytes: number
  spool(): Promise<SpoolReading>
  /** Whether the recorder that this process looks after runs; null: it looks after none. */
  readonly isRecorderRunning: (() => boolean) | null
}

export interface SpoolReading {
  readonly bytes: number
  /** Whole segments that the recorder has not taken yet. */
  readonly segments: number
  /** Age of the oldest of them in milliseconds; 0: none waits. */
  readonly lagMs: number
  readonly deadLetterFiles: number
}

type Declare = (family: Watched, read: () => Iterable<Sample> | Promise<Iterable<Sample>>) => void

/** Declares every metric that `readings` can fill. */
export function watchGateway(metrics: Pick<Metrics, 'watch'>, readings: Readings): void {
  const declare: Declare = (family, read) => metrics.watch(family, read)
  watchExchanges(declare, readings)
  watchPolicies(declare, readings)
  watchBreakers(declare, readings)
  watchState(declare, readings)
  watchRecord(declare, readings)
  watchSpool(declare, readings)
}

function watchExchanges(declare: Declare, { exchanges }: Readings): void {
  const help = 'Exchanges under way, by the snapshot that judges them: the current one, or one that a reload has replaced.'
  declare({ name: 'sallyport_exchanges_in_flight', help, kind: 'gauge', labels: ['snapshot'] }, () =>
    Object.entries(exchanges()).map(([snapshot, value]) => ({ labels: { snapshot }, value })),
  )
}

function watchPolicies(declare: Declare, { policies, reloads }: Readings): void {
  declare({ name: 'sallyport_policies', help: 'Policies in force, by mode.', kind: 'gauge', together: 'max', labels: ['mode'] }, () => {
    const { modes } = policies()
    return POLICY_MODES.map((mode) => ({ labels: { mode }, value: modes.filter((one) => one === mode).length }))
  })
  declare(
    { name: 'sallyport_policy_info', help: 'Hash of the policies in force.', kind: 'gauge', together: 'max', labels: ['hash'] },
    () => [{ labels: { hash: policies().hash }, value: 1 }],
  )
  declare(
    {
      name: 'sallyport_snapshot_generation',
      help: 'Number of the snapshot that judges now; 1 is that of the start.',
      kind: 'gauge',
      together: 'min',
    },
    () => one(policies().generation),
  )
  declare(
    {
      name: 'sallyport_config_reloads_total',
      help: 'Reloads since the start, by outcome.',
      kind: 'counter',
      together: 'max',
      labels: ['outcome'],
    },
    () => {
      const { ok, refused } = reloads()
      return Object.entries({ ok, refused }).map(([outcome, value]) => ({ labels: { outcome }, value }))
    },
  )
  declare(
    {
      name: 'sallyport_config_last_reload_successful',
      help: 'Whether the last reload was taken (1) or refused (0).',
      kind: 'gauge',
      together: 'min',
    },
    () => one(Number(reloads().isLastOk)),
  )
  declare(
    {
      name: 'sallyport_config_last_reload_success_timestamp_seconds',
      help: 'When the configuration that judges now was taken into use.',
      kind: 'gauge',
      together: 'max',
    },
    () => one(reloads().lastGoodMs / 1000),
  )
}

/** Providers without an open breaker show their zeros, so that an alert can be written before anything fails. */
function watchBreakers(declare: Declare, { breakers }: Readings): void {
  const help = 'Targets of a provider, by the state of their circuit breaker.'
  declare({ name: 'sallyport_breakers', help, kind: 'gauge', together: 'max', labels: ['provider', 'state'] }, async () => {
    const byProvider = Map.groupBy(await breakers(), ({ provider }) => provider)
    return [...byProvider].flatMap(([provider, entries]) =>
      BREAKER_STATES.map((state) => ({ labels: { provider, state }, value: entries.filter((entry) => entry.state === state).length })),
    )
  })
}

function watchState(declare: Declare, { state }: Readings): void {
  declare(
    { name: 'sallyport_state_available', help: 'Whether the state store can be reached (1) or not (0).', kind: 'gauge', together: 'min' },
    () => one(Number(state().available)),
  )
  declare(
    { name: 'sallyport_state_processes', help: 'Processes that share the state, on all hosts.', kind: 'gauge', together: 'max' },
    () => one(state().processes),
  )
  declare(
    { name: 'sallyport_state_pending_settlements', help: 'Settlements that the shared state has not been told yet.', kind: 'gauge' },
    () => one(state().pending),
  )
}

function watchRecord(declare: Declare, { record, isRecorderRunning }: Readings): void {
  declare(
    { name: 'sallyport_record_available', help: 'Whether the record takes frames (1) or not (0).', kind: 'gauge', together: 'min' },
    () => one(Number(record().available)),
  )
  declare(
    {
      name: 'sallyport_record_lost_total',
      help: 'Frames that were let go because the record was unavailable (onUnavailable: continue).',
      kind: 'counter',
    },
    () => one(record().lost),
  )
  if (isRecorderRunning !== null) watchRecorder(declare, isRecorderRunning)
}

function watchRecorder(declare: Declare, isRunning: () => boolean): void {
  const help = 'Whether the recorder runs (1) or waits for its restart (0).'
  declare({ name: 'sallyport_recorder_running', help, kind: 'gauge' }, () => one(Number(isRunning())))
}

/** What only the primary of several workers knows. */
export function watchPrimary(
  metrics: Pick<Metrics, 'watch'>,
  { workers, isRecorderRunning }: { workers(): number; isRecorderRunning: (() => boolean) | null },
): void {
  const declare: Declare = (family, read) => metrics.watch(family, read)
  declare({ name: 'sallyport_workers', help: 'Workers of this host that run.', kind: 'gauge' }, () => one(workers()))
  if (isRecorderRunning !== null) watchRecorder(declare, isRecorderRunning)
}

function watchSpool(declare: Declare, { spool, spoolMaxBytes }: Readings): void {
  const read = shared(spool)
  const gauge = (name: string, help: string, pick: (reading: SpoolReading) => number, together: 'sum' | 'max' = 'sum'): void =>
    declare({ name, help, kind: 'gauge', together }, async () => one(pick(await read())))
  gauge('sallyport_record_spool_bytes', 'Bytes in the spool of this process.', ({ bytes }) => bytes)
  gauge('sallyport_record_spool_segments', 'Whole segments that wait for the recorder.', ({ segments }) => segments)
  gauge('sallyport_record_spool_lag_seconds', 'Age of the oldest segment that waits for the recorder.', ({ lagMs }) => lagMs / 1000, 'max')
  gauge('sallyport_record_dead_letter_files', 'Files with rows that ClickHouse refused.', ({ deadLetterFiles }) => deadLetterFiles, 'max')
  declare({ name: 'sallyport_record_spool_max_bytes', help: 'Bytes at which the spool is full.', kind: 'gauge' }, () => one(spoolMaxBytes))
}

const one = (value: number): readonly Sample[] => [{ value }]
