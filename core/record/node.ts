// Which node this process is: a folder below the spool that it alone writes. The id is stable, so a restarted gateway goes on where
// the killed one stopped; workers side by side get one node each.
import { mkdirSync, readdirSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { claim, isOwned, readOwner, type Claim } from './claim.ts'
import { listSegments, sealOrphan } from './segment.ts'

export interface Node {
  readonly id: string
  readonly folder: string
  refresh(): void
  release(): void
}

const NODE_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/
/** Its owner alone writes the node. */
export const WRITER_LOCK = 'writer.lock'

/** Nodes of commands beside a running gateway begin so. No gateway takes one over: it would keep the next command out. */
export const COMMAND_NODE = 'node-cli'

/** The nodes of a spool, in order. */
export const listNodes = (spool: string): string[] =>
  readdirSync(spool, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('node-'))
    .map((entry) => entry.name)
    .sort()

/** The boot that writes into this node now, or null. */
export function livingBoot(nodeFolder: string): string | null {
  const lock = join(nodeFolder, WRITER_LOCK)
  return isOwned(lock) ? (readOwner(lock)?.note ?? null) : null
}

/** Takes the named node, else the first free one, else a new one. Throws when the named one belongs to a living process. */
export function takeNode(spool: string, boot: string, wanted?: string): Node {
  const ids = wanted === undefined ? [...listNodes(spool).filter(isOfGateway), ...newNodes()] : [checkedId(wanted)]
  for (const id of ids) {
    const folder = join(spool, id)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const held = claim(join(folder, WRITER_LOCK), boot)
    if (held !== null) return ownNode(id, folder, held)
  }
  throw new Error(`the spool ${join(spool, wanted ?? '')} belongs to a gateway that is running; stop it or use another record.spool.path`)
}

/** Several, for somebody who replays what others left may look into a new folder before it has its owner. */
const newNodes = (): string[] => Array.from({ length: 20 }, () => `node-${randomBytes(4).toString('hex')}`)

const isOfGateway = (id: string): boolean => !id.startsWith(COMMAND_NODE)

function ownNode(id: string, folder: string, held: Claim): Node {
  for (const segment of listSegments(folder)) if (segment.open) sealOrphan(folder, segment)
  return { id, folder, refresh: held.refresh, release: held.release }
}

function checkedId(id: string): string {
  if (NODE_ID.test(id) && id.startsWith('node-')) return id
  throw new Error(`node id ${JSON.stringify(id)} must start with "node-" and hold small letters, digits, - and _ only`)
}
