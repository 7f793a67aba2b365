// One of several workers behind a port. It serves like a gateway of its own; connections it gets from the primary, and what concerns them all (reloads,
// metrics, the end) it asks of the primary, or is told by it.
import cluster from 'node:cluster'
import { createLog } from '../../telemetry/log.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { endOnce } from '../end-on-signals.ts'
import { GENERATION } from './crew.ts'
import { judgingOf, type Judging } from '../note-reload.ts'
import { Link, type Handlers } from './link.ts'
import { loadConfig } from '../../config/load.ts'
import { readingsOf } from '../readings.ts'
import { startGateway, type ServeFlags, type Started } from '../start.ts'
import { VERSION } from '../../model/version.ts'
import { WORKED } from './start-limit.ts'
import { watchGateway } from '../../telemetry/gauges.ts'
import type { Gateway, ReloadReport, Receiver } from '../../server/gateway.ts'
import type { Receipt } from './door.ts'
import type { Socket } from 'node:net'

export async function serveWorker(flags: ServeFlags): Promise<void> {
  let started: Started<Receiver> | null = null
  const running = (): Started<Receiver> => {
    if (started === null) throw new Error('the worker does not serve yet')
    return started
  }
  const metrics = createMetrics(VERSION)
  let end: (why: string) => void = () => process.exit(0)
  const primary = new Link(process as Required<Pick<NodeJS.Process, 'send'>> & NodeJS.Process, {
    ...handlersOn(running),
    metrics: () => metrics.read(),
    [WORKED]: workedMs,
    stop: () => end('stop'),
  })
  try {
    const loaded = loadConfig(flags.config)
    const log = createLog(loaded.config.log.level, { worker: cluster.worker!.id })
    started = await startGateway({
      loaded,
      flags,
      log,
      metrics,
      generation: Number(process.env[GENERATION] ?? 1),
      metricsText: () => primary.ask<string>('metrics'),
      reloadTogether: () => primary.ask<ReloadReport>('reload'),
      // Connections that are kept alive may bring a request a moment before they are closed, and others take the next ones.
      whileDraining: 'answer',
      open: (gateway) => gateway.receive(),
    })
    const { gateway, spool, stop } = started
    watchGateway(metrics, readingsOf({ gateway, spool, recorder: null, loaded }))
    end = endOnce(log, stop)
    // A terminal sends its signals to the whole group; the primary decides what they mean.
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})
    process.on('SIGTERM', () => end('SIGTERM'))
    // When the primary is gone, node:cluster ends this process at once (`disconnect`); what that breaks off is recorded at the next start.
    await primary.ask('ready')
  } catch (error) {
    await primary.ask('failed', error instanceof Error ? error.message : String(error)).catch(() => undefined)
    process.exit(1)
  }
}

/** By all its threads. */
function workedMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** What the primary may ask of a worker that serves. */
function handlersOn(running: () => Started<Receiver>): Handlers {
  return {
    prepare: (generation) => running().gateway.prepare(Number(generation)),
    commit: (generation) => commit(running().gateway, Number(generation)),
    refuse: (error) => running().gateway.refuse(String(error)),
    judging: () => judgingOf(running().gateway),
    connection: (_, socket) => receive(running(), socket),
    echo: () => null,
  }
}

/** In one turn with the answer, so that nothing is read before the answer is on its way. */
function receive({ gateway, opened }: Started<Receiver>, socket: Socket | undefined): Receipt {
  if (!socket) return 'nothing'
  if (!gateway.isDraining) {
    opened.take(socket)
    return 'taken'
  }
  socket.destroy()
  return 'leaving'
}

/** A worker that began to serve between the two phases was not asked to prepare, and makes up for it. */
async function commit(gateway: Gateway, generation: number): Promise<Judging> {
  gateway.commit()
  if (gateway.current.generation !== generation) {
    const error = await gateway.prepare(generation)
    if (error === null) gateway.commit()
    else await gateway.refuse(error)
  }
  return judgingOf(gateway)
}
