// All counters, read by scanning: an answer for people, not for the path of requests.
import type { Redis } from 'ioredis'
import type { Ledger } from '../../model/state.ts'
import { isRefusal } from './refusal.ts'
import type { Link } from './link.ts'

type Reading = Awaited<ReturnType<Ledger['list']>>[number]

const SCAN_COUNT = 1000

/** Those that count at `now` (Unix ms); rates that have drained and slots that nobody holds are left out. */
export async function listCounters(link: Link, now: number): Promise<readonly Reading[]> {
  const { prefix } = link.names
  const readings: Reading[] = []
  const seen = new Set<string>()
  for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
    // A deadline for each page, not for all of them.
    const [next, keys] = await link.call((client) => client.scan(cursor, 'MATCH', `${prefix}:{*}:[wrs]:*`, 'COUNT', SCAN_COUNT))
    // A scan may show a key twice.
    const fresh = keys.filter((key) => !seen.has(key))
    for (const key of fresh) seen.add(key)
    const found = await link.call((client) => Promise.all(fresh.map((key) => read(client, key, prefix, now).catch(nothing))))
    for (const reading of found) if (reading && isWhole(reading)) readings.push(reading)
    cursor = next
  }
  return readings
}

/** What holds something else under a counter's name is none; the others are shown all the same. */
function nothing(error: unknown): null {
  if (isRefusal(error)) return null
  throw error
}

function isWhole({ used, reserved, endsAt }: Reading): boolean {
  return Number.isSafeInteger(used) && Number.isSafeInteger(reserved) && (endsAt === null || Number.isFinite(endsAt))
}

function read(client: Redis, key: string, prefix: string, now: number): Promise<Reading | null> {
  // The tag ends at the first brace: a tenant's own braces are escaped.
  const field = key.slice(key.indexOf('}:', prefix.length) + 2)
  const counter = field.slice(2)
  if (field.startsWith('w')) return readWindow(client, key, counter, now)
  return field.startsWith('r') ? readRate(client, key, counter, now) : readSlots(client, key, counter, now)
}

async function readWindow(client: Redis, key: string, counter: string, now: number): Promise<Reading | null> {
  const [used, reserved, endsAt] = numbersOf(await client.getBuffer(key))
  return endsAt === undefined || endsAt <= now ? null : { counter, used: used!, reserved: reserved!, endsAt }
}

async function readRate(client: Redis, key: string, counter: string, now: number): Promise<Reading | null> {
  const [fullAt, periodMs, limit] = numbersOf(await client.getBuffer(key))
  if (fullAt === undefined || fullAt <= now) return null
  return { counter, used: Math.ceil(((fullAt - now) / periodMs!) * limit! - 1e-9), reserved: 0, endsAt: null }
}

/** As `PACKED` of the scripts says. */
function numbersOf(packed: Buffer | null): readonly number[] {
  return Array.from({ length: (packed?.length ?? 0) / 8 }, (_, i) => packed!.readDoubleLE(8 * i))
}

async function readSlots(client: Redis, key: string, counter: string, now: number): Promise<Reading | null> {
  const reserved = await client.zcount(key, `(${now}`, '+inf')
  return reserved === 0 ? null : { counter, used: 0, reserved, endsAt: null }
}
