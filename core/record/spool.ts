// The spool: where the gateway leaves its frames. All frames of one turn of the event loop share one write and one promise; whoever
// cannot be written is told so (`block`) or counted (`continue`), and the spool recovers by itself when there is room again.
import { mkdirSync } from 'node:fs'
import { GatewayError } from '../errors/gateway-error.ts'
import { diskFiles, type SpoolFiles } from './files.ts'
import { Batch, BatchBuffers, paddingFrame } from './batch.ts'
import type { FrameKind } from './frame.ts'
import { adminLines, exchangeLines, type Lines } from './lines.ts'
import type { Place } from './columns.ts'
import { takeNode, type Node } from './node.ts'
import type { LedgerMark, UnderWay } from './ledger-mark.ts'
import type { ExchangeRows, RecordWriter } from './port.ts'
import type { AdminEventRow } from './rows.ts'
import { LOCAL } from './replay.ts'
import { newBoot, segmentId } from './segment.ts'
import { SegmentWriter } from './segment-writer.ts'

export interface SpoolOptions {
  /** Folder of all spools; this process writes into `<path>/<node_id>/`. */
  readonly path: string
  /** Bytes of unshipped frames beyond which new exchanges are refused. */
  readonly maxBytes: number
  /** True: every batch is on the disk, not only in the system's cache, before it counts as written. */
  readonly fsync: boolean
  readonly onUnavailable: 'block' | 'continue'
  /** Default: the first node of this folder that nobody owns, else a new one. */
  readonly nodeId?: string
  /** A segment is closed and shipped when it has this many bytes (default 8 MiB) … */
  readonly segmentBytes?: number
  /** … or this age in milliseconds (default 1000). */
  readonly segmentAgeMs?: number
  /** How often a spool without room looks for some, in milliseconds (default 500). */
  readonly retryMs?: number
  readonly files?: SpoolFiles
  readonly now?: () => number
  /** Called when the spool stops or starts taking frames. */
  readonly onChange?: (available: boolean, reason: string) => void
}

export interface Spool extends RecordWriter {
  readonly nodeId: string
  /** This run of the gateway; no two runs share one. */
  readonly boot: string
  /** Folder of this node's segments. */
  readonly folder: string
  /** Where it stands in this turn: all frames that were given to it so far, written or not. */
  position(): SpoolPosition
}

export interface SpoolPosition {
  /** What a checkpoint of the limits that is made now leaves behind. */
  readonly mark: LedgerMark
  /** Resolves when the frames up to here are written; rejects when some of them will never be. */
  readonly written: Promise<void>
}

/** Opens the spool of this process, after cutting torn tails that a killed one left. Throws when the folder cannot be written. */
export function openSpool(options: SpoolOptions): Spool {
  mkdirSync(options.path, { recursive: true, mode: 0o700 })
  const boot = newBoot((options.now ?? Date.now)())
  return new DiskSpool(options, takeNode(options.path, boot, options.nodeId), boot)
}

/** Segments that wait for a recorder; beyond, segments live longer, so that its absence does not litter the folder. */
const CROWD = 64
const REFRESH_MS = 10_000

class DiskSpool implements Spool {
  readonly nodeId: string
  readonly boot: string
  readonly folder: string
  lost = 0
  readonly #options: SpoolOptions
  readonly #node: Node
  readonly #now: () => number
  readonly #files: SpoolFiles
  readonly #writer: SegmentWriter
  /** By request id, every exchange whose opened frame has no closed one yet. */
  readonly #underWay = new Map<string, UnderWay>()
  readonly #ticker: NodeJS.Timeout
  readonly #buffers = new BatchBuffers()
  #batch: Batch | null = null
  /** The batch that is being written. */
  #writing: Batch | null = null
  #number = 1
  #rotate = false
  #ageTimer: NodeJS.Timeout | null = null
  #seq = 0
  #draining: Promise<void> | null = null
  #scheduled = false
  #failure: string | null = null
  #wasAvailable = true
  #usedBytes = 0
  #waitingSegments = 0
  #refreshedAt = 0
  #closed = false

  constructor(options: SpoolOptions, node: Node, boot: string) {
    this.#options = options
    this.#node = node
    this.nodeId = node.id
    this.boot = boot
    this.folder = node.folder
    this.#now = options.now ?? Date.now
    this.#files = options.files ?? diskFiles
    this.#writer = new SegmentWriter({ folder: node.folder, boot, fsync: options.fsync, files: this.#files })
    this.#ticker = setInterval(() => this.#tick(), options.retryMs ?? 500).unref()
    void this.#measure()
  }

  get available(): boolean {
    return this.#refusal('opened') === null
  }

  opened(rows: ExchangeRows): Promise<void> {
    return this.#take('opened', 0, (place) => {
      const { request_id: id, booked, warnings } = rows.request
      this.#underWay.set(id, { id, seq: place.seq, booked, local: warnings.includes(LOCAL) })
      return exchangeLines(rows, place)
    })
  }

  closed(rows: ExchangeRows): Promise<void> {
    const openedSeq = this.#underWay.get(rows.request.request_id)?.seq ?? 0
    this.#underWay.delete(rows.request.request_id)
    return this.#take('closed', openedSeq, (place) => exchangeLines(rows, place))
  }

  adminEvent(row: AdminEventRow): Promise<void> {
    return this.#take('admin', 0, (place) => adminLines(row, place))
  }

  position(): SpoolPosition {
    const mark = { boot: this.boot, segment: this.#batch?.number ?? this.#number, seq: this.#seq, open: [...this.#underWay.values()] }
    const waiting = [this.#writing, this.#batch].flatMap((batch) => (batch === null ? [] : [batch.written.promise]))
    return { mark, written: Promise.all(waiting).then(() => undefined) }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#ticker)
    if (this.#ageTimer !== null) clearTimeout(this.#ageTimer)
    this.#rotate = true
    await this.#drain()
    this.#node.release()
  }

  /**
   * Why this kind of frame is not taken, or null. A full spool takes the end of everything whose beginning it holds, else the record would tell
   * another end than the limits; refusals and changes by administrators have an eighth more room than new exchanges.
   */
  #refusal(kind: FrameKind, openedSeq = 0): string | null {
    if (this.#closed) return 'the spool is closed'
    if (this.#failure !== null) return this.#failure
    if (openedSeq !== 0) return null
    const room = kind === 'opened' ? this.#options.maxBytes : this.#options.maxBytes * 1.125
    return this.#usedBytes >= room ? `the spool holds ${this.#usedBytes} bytes that are not shipped (record.spool.maxBytes)` : null
  }

  #refuse(reason: string, frames = 1): Promise<void> {
    if (this.#options.onUnavailable === 'continue') {
      this.lost += frames
      return Promise.resolve()
    }
    return Promise.reject(unavailable(reason))
  }

  /** `linesAt` is called only for a frame that is taken. */
  #take(kind: FrameKind, openedSeq: number, linesAt: (place: Place) => Lines): Promise<void> {
    const refusal = this.#refusal(kind, openedSeq)
    if (refusal !== null) return this.#refuse(refusal)
    const seq = ++this.#seq
    const batch = this.#openBatch()
    const lines = linesAt({ nodeId: this.nodeId, segment: segmentId(this.boot, batch.number), seq })
    this.#usedBytes += batch.add({ kind, seq, openedSeq, time: this.#now() }, lines)
    this.#schedule()
    return batch.written.promise
  }

  #openBatch(): Batch {
    if (this.#batch !== null) return this.#batch
    this.#startSegmentIfDue()
    return (this.#batch = new Batch(this.#number, this.#buffers.take()))
  }

  #schedule(): void {
    if (this.#scheduled || this.#draining !== null) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#drain()
    })
  }

  /** Writes until nothing waits. Only one runs at a time: whatever arrives during a write goes out together with the next. */
  #drain(): Promise<void> {
    this.#draining ??= this.#writeWaiting().finally(() => {
      this.#draining = null
      if (this.#batch !== null) this.#schedule()
    })
    return this.#draining
  }

  async #writeWaiting(): Promise<void> {
    while (this.#batch !== null) {
      const batch = this.#batch
      this.#batch = null
      this.#writing = batch
      await this.#write(batch)
      this.#writing = null
    }
    if (this.#rotate) await this.#sealNow()
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#writer.append(batch.number, batch.buffer, batch.length)
      if (this.#writer.length >= (this.#options.segmentBytes ?? 8 * 1024 * 1024)) this.#rotate = true
      this.#ageTimer ??= setTimeout(() => this.#grewOld(), this.#ageMs()).unref()
      batch.written.resolve()
    } catch (error) {
      this.#usedBytes -= batch.length
      this.#fail(error)
      this.#refuse(this.#failure!, batch.frames).then(batch.written.resolve, batch.written.reject)
    }
    this.#buffers.giveBack(batch.buffer)
  }

  #ageMs(): number {
    const patience = Math.min(60, Math.max(1, this.#waitingSegments / CROWD))
    return (this.#options.segmentAgeMs ?? 1000) * patience
  }

  #grewOld(): void {
    this.#rotate = true
    if (this.#draining === null) void this.#drain()
  }

  #startSegmentIfDue(): void {
    if (!this.#rotate) return
    this.#rotate = false
    this.#number++
    if (this.#ageTimer !== null) clearTimeout(this.#ageTimer)
    this.#ageTimer = null
  }

  async #sealNow(): Promise<void> {
    this.#startSegmentIfDue()
    await this.#writer.seal().catch((error: unknown) => this.#fail(error))
    await this.#measure()
  }

  #fail(error: unknown): void {
    this.#failure = `the spool cannot be written: ${error instanceof Error ? error.message : String(error)}`
    this.#announce()
  }

  /** Looks for room again, and tells other containers that this process lives. */
  #tick(): void {
    if (this.#now() - this.#refreshedAt > REFRESH_MS) {
      this.#refreshedAt = this.#now()
      this.#node.refresh()
    }
    if (this.#failure !== null) this.#probe()
    else if (this.#usedBytes >= this.#options.maxBytes) void this.#measure()
    this.#announce()
  }

  /** A padding frame as large as a big exchange: if the disk takes it, the failure is over. */
  #probe(): void {
    if (this.#draining !== null || this.#batch !== null) return
    this.#draining = this.#tryPadding().finally(() => {
      this.#draining = null
      this.#announce()
      if (this.#batch !== null) this.#schedule()
    })
  }

  async #tryPadding(): Promise<void> {
    this.#startSegmentIfDue()
    const frame = paddingFrame(this.#now())
    try {
      await this.#writer.append(this.#number, frame, frame.length)
      this.#failure = null
      this.#rotate = true
      await this.#sealNow()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #measure(): Promise<void> {
    try {
      const usage = await this.#files.usage(this.folder)
      this.#usedBytes = usage.bytes + (this.#batch?.length ?? 0)
      this.#waitingSegments = usage.files
    } catch {
      // The next write will meet what is wrong, and say it.
    }
    this.#announce()
  }

  #announce(): void {
    const available = this.available
    if (available === this.#wasAvailable || this.#closed) return
    this.#wasAvailable = available
    this.#options.onChange?.(available, this.#refusal('opened') ?? 'the spool takes frames again')
  }
}

const unavailable = (reason: string): GatewayError =>
  new GatewayError('record_unavailable', { message: `The record cannot be written, so nothing is sent: ${reason}.` })
