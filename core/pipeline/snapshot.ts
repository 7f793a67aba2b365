// Everything that judges exchanges between two reloads: config, policies, plugins, upstreams. An exchange keeps the one it began with.
import type { LoadedConfig } from '../config/config.ts'
import type { BoundPolicies } from '../policy/bind.ts'
import type { Clock, Log } from '../plugin/contract.ts'
import type { PluginSet } from '../plugin/registry.ts'
import type { RecordWriter } from '../record/port.ts'
import type { State } from '../model/state.ts'
import type { Upstream } from '../upstream/port.ts'
import type { TokenEstimator } from './estimate.ts'

/** What outlives a reload. */
export interface Kernel {
  readonly clock: Clock
  readonly log: Log
  readonly record: RecordWriter
  readonly state: State
  readonly estimator: TokenEstimator
  readonly version: string
  /** Key for `value_hmac` of findings. */
  readonly findingKey: { readonly id: string; readonly key: Buffer }
  readonly metrics: ExchangeMetrics
}

/** What the pipeline tells telemetry; called once per exchange. */
export interface ExchangeMetrics {
  exchangeEnded(end: {
    readonly endpoint: string
    readonly status: number
    readonly outcome: string
    readonly streamed: boolean
    readonly provider: string
    readonly model: string
    readonly latencyMs: number
    readonly ttftMs: number
    readonly overheadUs: number
    readonly promptTokens: number
    readonly completionTokens: number
    readonly attempts: number
  }): void
}

export class Snapshot {
  readonly generation: number
  readonly loaded: LoadedConfig
  readonly bound: BoundPolicies
  readonly plugins: PluginSet
  readonly upstream: Upstream
  #exchanges = 0
  #retired: (() => void) | null = null

  constructor(parts: { generation: number; loaded: LoadedConfig; bound: BoundPolicies; plugins: PluginSet; upstream: Upstream }) {
    this.generation = parts.generation
    this.loaded = parts.loaded
    this.bound = parts.bound
    this.plugins = parts.plugins
    this.upstream = parts.upstream
  }

  enter(): void {
    this.#exchanges++
  }

  leave(): void {
    this.#exchanges--
    if (this.#exchanges === 0) this.#retired?.()
  }

  get exchanges(): number {
    return this.#exchanges
  }

  /** Waits for the last exchange that began here, then closes plugins, upstreams and detection. */
  async retire(): Promise<void> {
    if (this.#exchanges > 0) await new Promise<void>((resolve) => (this.#retired = resolve))
    await this.plugins.close()
    await this.upstream.close()
    await this.bound.detection.close()
  }
}
