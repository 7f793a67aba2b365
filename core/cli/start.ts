// Starts one gateway in this process and tells how to end it. The order of starting and stopping stands here.
import { resolve } from 'node:path'
import { compileAside } from './compile-aside.ts'
import { firstStart } from './welcome.ts'
import { startKeeper, type Keeper } from '../server/keeper.ts'
import { Gateway, type GatewayOptions } from '../server/gateway.ts'
import { loadConfig } from '../config/load.ts'
import { openState } from '../state/open.ts'
import { openSecrets, secretsFolder } from '../state/secrets.ts'
import { openSpool, type Spool } from '../record/spool.ts'
import { PLUGINS } from '../plugins.ts'
import { systemClock } from '../plugin/clock.ts'
import { whileStarting } from '../state/while-starting.ts'
import { TokenEstimator } from '../pipeline/estimate.ts'
import { VERSION } from '../model/version.ts'
import type { AddressInfo } from 'node:net'
import type { Kernel } from '../pipeline/snapshot.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Log } from '../plugin/contract.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface ServeFlags {
  readonly config?: string
  readonly port?: number
  readonly workers?: number
  readonly recorder: boolean
}

export interface StartOptions<Opened> extends Pick<GatewayOptions, 'reloadTogether' | 'metricsText' | 'whileDraining'> {
  readonly loaded: LoadedConfig
  readonly flags: ServeFlags
  readonly log: Log
  readonly metrics: Metrics
  /** Of the first snapshot; 1 unless told. */
  readonly generation?: number
  /** The last step: from then on connections may come, from wherever it takes them. */
  readonly open: (gateway: Gateway) => Opened | Promise<Opened>
}

export interface Started<Opened> {
  readonly gateway: Gateway
  readonly spool: Spool
  readonly opened: Opened
  readonly adminToken: string
  readonly demoKey: string | null
  /** Drains, then closes everything below. */
  stop(): Promise<void>
}

/** Serves when it resolves. Rejects with a sentence, and leaves nothing open, when anything is not good. */
export async function startGateway<Opened>(options: StartOptions<Opened>): Promise<Started<Opened>> {
  const { loaded, flags, log, metrics, open, generation = 1, ...together } = options
  const secret = openSecrets(secretsFolder(loaded))
  // A worker starts when the primary has found Redis there.
  const kernel = await openKernel({ loaded, log, metrics, secret, isKnown: together.reloadTogether !== undefined })
  let keeper: Keeper | null = null
  try {
    keeper = await whileStarting(log, () => startKeeper({ ...kernel, spool: kernel.record }))
    const { token: adminToken, demoKey } = await whileStarting(log, () => firstStart(loaded, kernel.state, secret))
    const load = (): LoadedConfig => loadConfig(flags.config)
    const gateway = await Gateway.create({ kernel, plugins: PLUGINS, secret, load, adminToken, compileAside, ...together }, generation)
    let opened: Opened
    try {
      opened = await open(gateway)
    } catch (error) {
      await gateway.current.retire()
      throw error
    }
    const stop = async (): Promise<void> => {
      await gateway.close()
      await keeper?.close()
      await closeKernel(kernel)
    }
    return { gateway, spool: kernel.record, opened, adminToken: adminToken.current(), demoKey, stop }
  } catch (error) {
    await keeper?.close()
    await closeKernel(kernel)
    throw error
  }
}

/** Opens a port as flags and configuration say. Resolves to its URL. */
export async function openPort(
  open: (port: number, host: string) => Promise<AddressInfo>,
  { flags, loaded }: { readonly flags: ServeFlags; readonly loaded: LoadedConfig },
): Promise<string> {
  const { host, port } = loaded.config.server
  const address = await open(flags.port ?? port, host)
  return `http://${host}:${address.port}`
}

async function openKernel({
  loaded,
  log,
  metrics,
  secret,
  isKnown,
}: {
  readonly loaded: LoadedConfig
  readonly log: Log
  readonly metrics: Kernel['metrics']
  readonly secret: (name: string) => Buffer
  /** The state store answered others a moment ago. */
  readonly isKnown: boolean
}): Promise<Kernel & { readonly record: Spool }> {
  const { config, baseDir } = loaded
  const { spool } = config.record
  const findingKey = secret('findings')
  const state = await whileStarting(log, (wasThere) => openState(loaded, systemClock, log, isKnown || wasThere))
  try {
    const record = openSpool({
      ...spool,
      path: resolve(baseDir, spool.path),
      onChange: (available, reason) =>
        log[available ? 'info' : 'error']({ reason }, available ? 'the record takes frames again' : 'the record cannot be written'),
    })
    const estimator = new TokenEstimator()
    return {
      clock: systemClock,
      log,
      metrics,
      version: VERSION,
      state,
      record,
      estimator,
      findingKey: { id: 'findings-1', key: findingKey },
    }
  } catch (error) {
    // An open connection to a shared store would keep the process from ending.
    await state.close()
    throw error
  }
}

async function closeKernel(kernel: Kernel): Promise<void> {
  await kernel.record.close()
  await kernel.state.close()
}
