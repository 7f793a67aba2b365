// `sallyport serve`: the gateway and, unless told otherwise, its recorder. The order of starting and stopping stands here.
import { resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { compileAside } from './compile-aside.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { watchGateway } from '../telemetry/gauges.ts'
import { readingsOf } from './readings.ts'
import { firstStart, printWelcome } from './welcome.ts'
import { Gateway } from '../server/gateway.ts'
import { loadConfig } from '../config/load.ts'
import { openEmbeddedState } from '../state/embedded.ts'
import { openSecrets, secretsFolder } from '../state/secrets.ts'
import { openSpool, type Spool } from '../record/spool.ts'
import { PLUGINS } from '../plugins.ts'
import { recordOptions } from './record-options.ts'
import { superviseRecorder, type Supervisor } from '../recorder/supervise.ts'
import { systemClock } from '../plugin/clock.ts'
import { TokenEstimator } from '../pipeline/estimate.ts'
import { VERSION } from '../model/version.ts'
import { watchConfig } from '../config/watch.ts'
import { watchedPaths } from '../server/snapshots.ts'
import type { Kernel } from '../pipeline/snapshot.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Log } from '../plugin/contract.ts'

interface ServeFlags {
  readonly config?: string
  readonly port?: number
  readonly recorder: boolean
}

export function registerServe(program: Command): void {
  program
    .command('serve', { isDefault: true })
    .description('run the gateway and its recorder')
    .option('--config <file>', 'configuration (default: ./sallyport.yaml, or built-in defaults)')
    .option('--port <number>', 'port to listen on, in place of server.port', readPort)
    .option('--no-recorder', 'leave shipping the record to a recorder that runs on its own')
    .action(async (flags: ServeFlags) => {
      await serve(flags)
    })
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('Write a number from 0 (any free port) to 65535.')
}

async function serve(flags: ServeFlags): Promise<void> {
  const load = (): LoadedConfig => loadConfig(flags.config)
  const loaded = load()
  const log = createLog(loaded.config.log.level)
  const metrics = createMetrics(VERSION)
  const secret = openSecrets(secretsFolder(loaded))
  const kernel = openKernel(loaded, log, metrics, secret)
  const { token: adminToken, demoKey } = await firstStart(loaded, kernel.state, secret)

  const gateway = await Gateway.create({
    kernel,
    plugins: PLUGINS,
    secret,
    load,
    adminToken,
    compileAside,
    metricsText: () => metrics.text(),
  }).catch(async (error: unknown) => {
    await closeKernel(kernel)
    throw error
  })
  const { host } = loaded.config.server
  const address = await gateway
    .listen(flags.port === undefined ? loaded.config.server.port : flags.port, host)
    .catch(async (error: unknown) => {
      await gateway.current.retire()
      await closeKernel(kernel)
      throw error
    })
  const recorder = flags.recorder ? superviseRecorder({ ...recordOptions(loaded), log }) : null
  watchGateway(metrics, readingsOf({ gateway, spool: kernel.record, recorder, loaded }))
  const stopWatching = watchConfig(
    loaded.path,
    () => watchedPaths(gateway.current.loaded),
    () => void gateway.reload(),
  )
  printWelcome({ url: `http://${host}:${address.port}`, adminToken, demoKey, loaded })
  endOnSignals(log, async () => {
    stopWatching()
    await stopAll(gateway, kernel, recorder)
  })
}

function openKernel(
  loaded: LoadedConfig,
  log: Log,
  metrics: Kernel['metrics'],
  secret: (name: string) => Buffer,
): Kernel & { readonly record: Spool } {
  const { config, baseDir } = loaded
  if (config.state.driver !== 'embedded') throw new Error('state.driver: only "embedded" is supported by this version')
  const { spool } = config.record
  const findingKey = secret('findings')
  return {
    clock: systemClock,
    log,
    metrics,
    version: VERSION,
    state: openEmbeddedState({ path: resolve(baseDir, config.state.path), clock: systemClock, log }),
    record: openSpool({
      ...spool,
      path: resolve(baseDir, spool.path),
      onChange: (available, reason) =>
        log[available ? 'info' : 'error']({ reason }, available ? 'the record takes frames again' : 'the record cannot be written'),
    }),
    estimator: new TokenEstimator(),
    findingKey: { id: 'findings-1', key: findingKey },
  }
}

async function stopAll(gateway: Gateway, kernel: Kernel, recorder: Supervisor | null): Promise<void> {
  await gateway.close()
  await closeKernel(kernel)
  await recorder?.stop()
}

async function closeKernel(kernel: Kernel): Promise<void> {
  await kernel.record.close()
  await kernel.state.close()
}

/** First signal: drain and end. Second: end at once. */
function endOnSignals(log: Log, stop: () => Promise<void>): void {
  let stopping = false
  const end = (signal: string): void => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'draining; a second signal ends at once')
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the gateway did not end cleanly')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}
