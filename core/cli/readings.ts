// Where `serve` finds the numbers of `/metrics` that are not counted but looked up. Runs while a scrape waits, never for an exchange.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { breakerKey } from '../upstream/index.ts'
import { DEAD_LETTERS } from '../recorder/dead-letters.ts'
import { parseSegmentFile } from '../record/segment.ts'
import { recordOptions } from './record-options.ts'
import type { Gateway } from '../server/gateway.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Readings, SpoolReading } from '../telemetry/gauges.ts'
import type { Spool } from '../record/spool.ts'
import type { Supervisor } from '../recorder/supervise.ts'

interface Sources {
  readonly gateway: Gateway
  readonly spool: Spool
  /** Null: the recorder runs on its own. */
  readonly recorder: Supervisor | null
  readonly loaded: LoadedConfig
}

export function readingsOf({ gateway, spool, recorder, loaded }: Sources): Readings {
  const deadLetters = join(recordOptions(loaded).spool, DEAD_LETTERS)
  return {
    exchanges: () => gateway.exchanges,
    policies() {
      const { bundle, hash } = gateway.current.bound.program
      return { hash, generation: gateway.current.generation, modes: bundle.policies.map(({ mode }) => mode) }
    },
    reloads: () => ({ ...gateway.reloads, isLastOk: gateway.lastError === null, lastGoodMs: gateway.currentSinceMs }),
    breakers: () => readBreakers(gateway),
    state: () => gateway.kernel.state.health,
    record: () => spool,
    spoolMaxBytes: loaded.config.record.spool.maxBytes,
    spool: () => readSpool(spool.folder, deadLetters, gateway.kernel.clock.now()),
    isRecorderRunning: recorder && (() => recorder.pid !== null),
  }
}

/** Targets that were never called have no breaker yet; what a reload has removed is left out. */
async function readBreakers({ kernel, current }: Gateway): ReturnType<Readings['breakers']> {
  const states = new Map((await kernel.state.breakers.list()).map(({ key, state }) => [key, state]))
  const targets = [...current.loaded.directory.models.values()].flatMap((model) => model.targets)
  const providers = new Map(targets.map((target) => [breakerKey(target), target.provider.name]))
  return [...providers].map(([key, provider]) => ({ provider, state: states.get(key) ?? 'closed' }))
}

async function readSpool(folder: string, deadLetters: string, now: number): Promise<SpoolReading> {
  const segments = (await readdir(folder)).map(parseSegmentFile).filter((segment) => segment !== null)
  const sizes = await Promise.all(segments.map(async ({ file, open }) => ({ open, ...(await sizeOf(join(folder, file))) })))
  const waiting = sizes.filter(({ open, bytes }) => !open && bytes > 0)
  return {
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    segments: waiting.length,
    lagMs: waiting.reduce((oldest, { writtenMs }) => Math.max(oldest, now - writtenMs), 0),
    deadLetterFiles: await readdir(deadLetters).then(
      (files) => files.length,
      () => 0,
    ),
  }
}

/** A segment may have been shipped and deleted between the listing and the look. */
async function sizeOf(path: string): Promise<{ readonly bytes: number; readonly writtenMs: number }> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }))
  return { bytes: size, writtenMs: mtimeMs }
}
