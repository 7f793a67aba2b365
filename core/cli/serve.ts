// `sallyport serve`: the gateway and, unless told otherwise, its recorder; in this process, or in several workers below it.
import cluster from 'node:cluster'
import { InvalidArgumentError, type Command } from 'commander'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { endOnSignals } from './end-on-signals.ts'
import { judgingOf, reloadWithNote } from './note-reload.ts'
import { loadConfig } from '../config/load.ts'
import { printWelcome } from './welcome.ts'
import { readingsOf } from './readings.ts'
import { recordOptions } from './record-options.ts'
import { servePrimary } from './cluster/primary.ts'
import { serveWorker } from './cluster/worker.ts'
import { openPort, startGateway, type ServeFlags } from './start.ts'
import { superviseRecorder } from '../recorder/supervise.ts'
import { VERSION } from '../model/version.ts'
import { watchConfig } from '../config/watch.ts'
import { watchedPaths } from '../server/snapshots.ts'
import { watchGateway } from '../telemetry/gauges.ts'

const MAX_WORKERS = 256

export function registerServe(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('run the gateway and its recorder')
    .option('--config <file>', 'configuration (default: ./sallyport.yaml, or built-in defaults)')
    .option('--port <number>', 'port to listen on, in place of server.port', readPort)
    .option('--workers <number>', 'processes that share the port; more than 1 needs state.driver: redis', readWorkers)
    .option('--no-recorder', 'leave shipping the record to a recorder that runs on its own')
    .action(async (flags: ServeFlags) => {
      if (cluster.isWorker) await serveWorker(flags)
      else if ((flags.workers ?? 1) > 1) await servePrimary(flags)
      else await serve(flags)
    })
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('Write a number from 0 (any free port) to 65535.')
}

function readWorkers(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_WORKERS) return Number(text)
  throw new InvalidArgumentError(`Write a number from 1 to ${MAX_WORKERS}; as many as there are cores is a good one.`)
}

async function serve(flags: ServeFlags): Promise<void> {
  const loaded = loadConfig(flags.config)
  const log = createLog(loaded.config.log.level)
  const metrics = createMetrics(VERSION)
  const { gateway, spool, stop, opened, ...welcome } = await startGateway({
    loaded,
    flags,
    log,
    metrics,
    metricsText: () => metrics.text(),
    open: (gateway) => openPort(gateway.listen.bind(gateway), { flags, loaded }),
  })
  const recorder = flags.recorder ? superviseRecorder({ ...recordOptions(loaded), log }) : null
  watchGateway(metrics, readingsOf({ gateway, spool, recorder, loaded }))
  const stopWatching = watchConfig(
    loaded.path,
    () => watchedPaths(gateway.current.loaded),
    () =>
      reloadWithNote({
        judging: () => judgingOf(gateway),
        reload: () => gateway.reload(),
        note: (event) => spool.adminEvent({ ts: Date.now(), actor: 'system', ip: '', ...event }),
        log,
      }),
  )
  printWelcome({ ...welcome, url: opened, loaded })
  endOnSignals(log, ['SIGTERM', 'SIGINT'], async () => {
    stopWatching()
    await stop()
    await recorder?.stop()
  })
}
