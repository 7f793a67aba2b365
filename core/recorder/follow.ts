// Follows the spool of one node: ships whole segments in order, lets them go, and closes the account of runs that have ended.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { livingBoot } from '../record/node.ts'
import { listSegments, sealOrphan, type SegmentFile } from '../record/segment.ts'
import { checkpointedBoots, readCheckpoint, removeCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts'
import { writeDeadLetters } from './dead-letters.ts'
import { letGo, sweepKept } from './kept.ts'
import { newProgress, ship, type Progress } from './ship.ts'
import type { Store } from './store.ts'
import { interruptedShipment, readShipment, type Shipment } from './units.ts'

export interface FollowOptions {
  /** Folder of all spools. */
  readonly spool: string
  readonly nodeId: string
  readonly now: () => number
}

/** A shipment under way, kept while ClickHouse is away so that what is done is not done again. */
interface InFlight {
  readonly shipment: Shipment
  readonly checkpoint: Checkpoint
  readonly progress: Progress
}

export class NodeFollower {
  readonly #options: FollowOptions
  readonly #folder: string
  readonly #checkpoints = new Map<string, Checkpoint>()
  /** Runs of which this recorder has shipped something: there nothing is in doubt but what failed before its eyes. */
  readonly #certain = new Set<string>()
  #inFlight: InFlight | null = null

  constructor(options: FollowOptions) {
    this.#options = options
    this.#folder = join(options.spool, options.nodeId)
  }

  /** Ships what is whole. Returns the number of shipments; throws `StoreError` when ClickHouse is away. */
  async pass(store: Store, signal?: AbortSignal): Promise<number> {
    // Who lives is asked before the files are listed: what a dead run has left cannot grow any more.
    const living = livingBoot(this.#folder)
    const segments = this.#wholeSegments(living)
    sweepKept(this.#folder)
    let shipped = 0
    for (const segment of segments) {
      if (signal?.aborted) return shipped
      await this.#shipSegment(store, segment)
      shipped++
    }
    for (const boot of this.#endedBoots(living)) shipped += await this.#finish(store, boot)
    return shipped
  }

  #wholeSegments(living: string | null): SegmentFile[] {
    const segments = listSegments(this.#folder)
    for (const orphan of segments.filter((segment) => segment.open && segment.boot !== living)) sealQuietly(this.#folder, orphan)
    return listSegments(this.#folder).filter((segment) => !segment.open)
  }

  async #shipSegment(store: Store, segment: SegmentFile): Promise<void> {
    const path = join(this.#folder, segment.file)
    const known = this.#checkpoint(segment.boot)
    if (segment.number > known.number) {
      await this.#deliver(store, segment.boot, segment.id, () => {
        const checkpoint = { number: segment.number, lastSeen: known.lastSeen, underWay: new Map(known.underWay) }
        return { shipment: readShipment(this.#options.nodeId, segment.id, readFileSync(path), checkpoint), checkpoint }
      })
    }
    letGo(this.#folder, segment)
  }

  async #finish(store: Store, boot: string): Promise<number> {
    const checkpoint = this.#checkpoint(boot)
    const open = checkpoint.underWay.size
    if (open > 0) {
      await this.#deliver(store, boot, `${boot}-interrupted`, () => ({
        shipment: interruptedShipment(this.#options.nodeId, boot, checkpoint),
        checkpoint: { ...checkpoint, underWay: new Map() },
      }))
    }
    removeCheckpoint(this.#folder, boot)
    this.#checkpoints.delete(boot)
    this.#certain.delete(boot)
    return open > 0 ? 1 : 0
  }

  async #deliver(store: Store, boot: string, segment: string, read: () => { shipment: Shipment; checkpoint: Checkpoint }): Promise<void> {
    if (this.#inFlight?.shipment.segment !== segment) this.#inFlight = { ...read(), progress: newProgress(!this.#certain.has(boot)) }
    const { shipment, checkpoint, progress } = this.#inFlight
    await ship(store, shipment, progress, this.#options.now)
    writeDeadLetters(this.#options.spool, shipment, progress.dead)
    writeCheckpoint(this.#folder, boot, checkpoint)
    this.#checkpoints.set(boot, checkpoint)
    this.#certain.add(boot)
    this.#inFlight = null
  }

  #checkpoint(boot: string): Checkpoint {
    const known = this.#checkpoints.get(boot) ?? readCheckpoint(this.#folder, boot)
    this.#checkpoints.set(boot, known)
    return known
  }

  /** Runs that nobody continues and of which every segment is shipped. */
  #endedBoots(living: string | null): string[] {
    const left = new Set(listSegments(this.#folder).map((segment) => segment.boot))
    return checkpointedBoots(this.#folder)
      .filter((boot) => boot !== living && !left.has(boot))
      .sort()
  }
}

/** The gateway that takes this node over does the same at the same time; whoever comes second finds the work done. */
function sealQuietly(folder: string, segment: SegmentFile): void {
  try {
    sealOrphan(folder, segment)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
