// The process above the workers: it holds their port and answers nobody itself, but starts the workers, the one recorder, and whatever concerns all of
// them.
import { commandRecord, type CommandRecord } from '../command-record.ts'
import { createLog } from '../../telemetry/log.ts'
import { createMetrics, textOf, type MetricsReading } from '../../telemetry/metrics.ts'
import { Crew } from './crew.ts'
import { Door } from './door.ts'
import { endOnSignals } from '../end-on-signals.ts'
import { firstStart, printWelcome } from '../welcome.ts'
import { loadConfig } from '../../config/load.ts'
import { recordOptions } from '../record-options.ts'
import { reloadWithNote } from '../note-reload.ts'
import { superviseRecorder } from '../../recorder/supervise.ts'
import { TogetherReload } from './reload.ts'
import { VERSION } from '../../model/version.ts'
import { watchConfig } from '../../config/watch.ts'
import { watchedPaths } from '../../server/snapshots.ts'
import { watchPrimary } from '../../telemetry/gauges.ts'
import { openPort, type ServeFlags } from '../start.ts'
import { openSecrets, secretsFolder } from '../../state/secrets.ts'
import { openState } from '../../state/open.ts'
import { systemClock } from '../../plugin/clock.ts'
import { whileStarting } from '../../state/while-starting.ts'
import type { LoadedConfig } from '../../config/config.ts'
import type { Log } from '../../plugin/contract.ts'

/** Prometheus waits ten seconds unless told otherwise. */
const METRICS_MS = 5000

export async function servePrimary(flags: ServeFlags): Promise<void> {
  const loaded = loadConfig(flags.config)
  if (loaded.config.state.driver !== 'redis')
    throw new Error('--workers: several processes share their state in Redis; set `state: { driver: redis, url: … }`, or start one process')
  const log = createLog(loaded.config.log.level)
  const metrics = createMetrics(VERSION)
  const door = new Door()
  const crew: Crew = new Crew({
    size: flags.workers!,
    log,
    door,
    generation: () => together.generation,
    drainMs: () => loaded.config.server.drainSeconds * 1000,
    heard: async () => {
      if (together.isOwed) await (makingUp ??= files.reload().finally(() => (makingUp = null)))
    },
    handlers: {
      reload: () => together.reload(),
      metrics: async () => textOf([await metrics.read(), ...(await crew.askAll<MetricsReading>('metrics', null, METRICS_MS)).given]),
    },
  })
  const together = new TogetherReload(crew)
  const files = new Files(flags, loaded, { together, log })
  let makingUp: Promise<unknown> | null = null
  const { token, demoKey } = await prepareState(loaded, log)
  const url = await openPort(door.open.bind(door), { flags, loaded })
  await crew.start().catch((error: unknown) => {
    door.close()
    throw error
  })
  const recorder = flags.recorder ? superviseRecorder({ ...recordOptions(loaded), log }) : null
  watchPrimary(metrics, { workers: () => crew.running, isRecorderRunning: recorder && (() => recorder.pid !== null) })
  await together.judging()
  const stopWatching = files.watch()
  printWelcome({ adminToken: token.current(), demoKey, url, loaded, workers: flags.workers! })
  log.info({ pids: crew.pids }, 'the workers serve')
  process.on('SIGUSR2', () => void crew.replaceAll())
  endOnSignals(log, ['SIGTERM', 'SIGINT'], async () => {
    stopWatching()
    door.close()
    await crew.stop()
    await recorder?.stop()
  })
}

/** Reloads all workers when a file changes. The paths are those of the last good configuration, which only this process needs to read again. */
class Files {
  readonly #flags: ServeFlags
  readonly #together: TogetherReload
  readonly #log: Log
  readonly #note: CommandRecord['note']
  #watched: LoadedConfig

  constructor(flags: ServeFlags, loaded: LoadedConfig, { together, log }: { readonly together: TogetherReload; readonly log: Log }) {
    this.#flags = flags
    this.#together = together
    this.#log = log
    this.#note = noteAsSystem(loaded)
    this.#watched = loaded
  }

  async reload(): Promise<void> {
    const { ok, error } = await reloadWithNote({
      judging: () => this.#together.judging(),
      reload: () => this.#together.reload(),
      note: this.#note,
      log: this.#log,
    })
    if (ok) this.#watched = readAgain(this.#flags) ?? this.#watched
    // Any other reason is logged by the workers; here there may be none.
    if (this.#together.isOwed) this.#log.error({ err: error }, 'changed files could not be checked')
  }

  /** Returns how to end it. */
  watch(): () => void {
    return watchConfig(
      this.#watched.path,
      () => watchedPaths(this.#watched),
      () => this.reload(),
    )
  }
}

/** Null: it was changed once more since the workers read it, and is broken now; the next call is on its way. */
function readAgain({ config }: ServeFlags): LoadedConfig | null {
  try {
    return loadConfig(config)
  } catch {
    return null
  }
}

/** This process has no spool of its own. */
function noteAsSystem(loaded: LoadedConfig): CommandRecord['note'] {
  return async (event) => {
    const record = commandRecord(loaded, 'system')
    try {
      await record.note(event)
    } finally {
      await record.close()
    }
  }
}

/** Secrets and the demo key are made before any worker looks for them. */
async function prepareState(loaded: LoadedConfig, log: Log): ReturnType<typeof firstStart> {
  const state = await whileStarting(log, (wasThere) => openState(loaded, systemClock, log, wasThere))
  try {
    return await whileStarting(log, () => firstStart(loaded, state, openSecrets(secretsFolder(loaded))))
  } finally {
    await state.close()
  }
}
