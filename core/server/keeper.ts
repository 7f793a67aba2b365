// Keeps the limits in step with the record: replays what a gateway that died left, then every two seconds moves the mark to where counters and
// record agree. It stands here because neither the state nor the record may know the other (docs/decisions/0017-replay.md).
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { claim } from '../record/claim.ts'
import { listNodes, livingBoot, WRITER_LOCK } from '../record/node.ts'
import { removeMark, writeMark, type LedgerMark } from '../record/ledger-mark.ts'
import { replayNode, runName, type ReplayParts } from './replay.ts'
import type { Clock, Log } from '../plugin/contract.ts'
import type { Keeping, State } from '../model/state.ts'
import type { Spool } from '../record/spool.ts'

export interface KeeperParts {
  readonly state: State
  readonly spool: Spool
  readonly clock: Clock
  readonly log: Log
}

const EVERY_MS = 2000
/** A shared store that is away must not hold up the end of a gateway; the next one replays. */
const LAST_MS = 5000

export interface Keeper {
  /** A last checkpoint. Call when no exchange is under way any more, before the spool is closed. */
  close(): Promise<void>
}

/** Replays; when it resolves, requests may come. Rejects when the store cannot keep what was replayed. */
export async function startKeeper(parts: KeeperParts): Promise<Keeper> {
  const { keeping } = parts.state
  if (keeping === undefined) return { close: () => Promise.resolve() }
  const keeper = new LedgerKeeper(parts, keeping)
  await keeper.start()
  return keeper
}

class LedgerKeeper implements Keeper {
  readonly #parts: KeeperParts
  readonly #keeping: Keeping
  readonly #own: string
  /** All runs that the store holds bookings of; ours is added at each checkpoint. */
  readonly #ended = new Map<string, number>()
  #last: Pick<LedgerMark, 'segment' | 'seq'> | null = null
  #running: Promise<void> | null = null
  #cancel: () => void = () => {}

  constructor(parts: KeeperParts, keeping: Keeping) {
    this.#parts = parts
    this.#keeping = keeping
    this.#own = runName(parts.spool.nodeId, parts.spool.boot)
  }

  async start(): Promise<void> {
    const { state, spool, log } = this.#parts
    const replay: ReplayParts = { ledger: state.ledger, keeping: this.#keeping, spool: dirname(spool.folder), log }
    for (const run of await replayNode(replay, spool.nodeId, () => spool.boot)) this.#ended.set(run, Infinity)
    const others = this.#keeping.replay === 'anyway' ? await this.#replayHeld(replay) : await this.#replayDead(replay)
    for (const [run, seq] of this.#keeping.keptUpTo) if (!this.#ended.has(run)) this.#ended.set(run, seq)
    await this.#checkpoint()
    for (const letGo of others) letGo()
    // Not before the mark names our run: until then a crash would read the old one again.
    this.#forgetShipped(replay.spool)
    this.#schedule()
  }

  async close(): Promise<void> {
    this.#cancel()
    await this.#running
    let cancel = (): void => {}
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(LAST_MS, resolve)
    })
    await Promise.race([this.#tick(), late])
    cancel()
  }

  /**
   * With a store of its own: other nodes that it holds bookings of (this gateway wrote there before). Returns what lets go of them, for when the
   * checkpoint is made.
   */
  async #replayHeld(parts: ReplayParts): Promise<readonly (() => void)[]> {
    const held = new Set([...this.#keeping.keptUpTo.keys()].map((run) => run.slice(0, run.indexOf('/'))))
    const letGo: (() => void)[] = []
    for (const nodeId of this.#otherNodes(parts.spool).filter((one) => held.has(one))) {
      const folder = join(parts.spool, nodeId)
      const lock = claim(join(folder, WRITER_LOCK), this.#parts.spool.boot)
      if (lock === null) continue
      for (const run of await replayNode(parts, nodeId, () => null)) this.#ended.set(run, Infinity)
      letGo.push(() => {
        removeMark(folder)
        lock.release()
      })
    }
    return letGo
  }

  /**
   * With a shared store: all nodes that nobody writes, without taking them from a worker that may be about to. It books each reservation once,
   * so it does no harm that the one who takes the node comes to the same.
   */
  async #replayDead(parts: ReplayParts): Promise<readonly (() => void)[]> {
    for (const nodeId of this.#otherNodes(parts.spool)) await replayNode(parts, nodeId, () => livingBoot(join(parts.spool, nodeId)))
    return []
  }

  #otherNodes(spool: string): readonly string[] {
    return listNodes(spool).filter((nodeId) => nodeId !== this.#parts.spool.nodeId)
  }

  /** Of what has left the spool nothing needs to be remembered. */
  #forgetShipped(spool: string): void {
    const nodes = new Map(listNodes(spool).map((nodeId) => [nodeId, readdirSync(join(spool, nodeId))]))
    for (const run of this.#ended.keys()) {
      const [nodeId = '', boot = ''] = run.split('/')
      if (!nodes.get(nodeId)?.some((file) => file.startsWith(`${boot}-`))) this.#ended.delete(run)
    }
  }

  #schedule(): void {
    this.#cancel = this.#parts.clock.after(EVERY_MS, () => {
      this.#running = this.#tick().then(() => {
        this.#running = null
        this.#schedule()
      })
    })
  }

  async #tick(): Promise<void> {
    try {
      await this.#checkpoint()
    } catch (error) {
      this.#parts.log.error({ err: error }, 'limits: the checkpoint could not be written; trying again')
    }
  }

  /** Counters and position are taken in one turn; each settlement and its frame belong to one turn too. */
  async #checkpoint(): Promise<void> {
    const { spool } = this.#parts
    const { mark, written } = spool.position()
    const captured = this.#keeping.capture(new Map([...this.#ended, [this.#own, mark.seq]]))
    const isWritten = await written.then(
      () => true,
      () => false,
    )
    // The spool has said why.
    if (!isWritten) return captured.drop()
    if (!(await captured.keep())) return
    if (this.#last?.seq === mark.seq && this.#last.segment === mark.segment) return
    await writeMark(spool.folder, mark)
    this.#last = mark
  }
}
