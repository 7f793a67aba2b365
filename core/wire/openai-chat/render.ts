// The outgoing request: the client's own bytes with members spliced in wherever that says the right thing, else the edited body written anew.
import { scanLayout, type Layout, type MemberSpan } from './layout.ts'
import { withEdits, withMembers } from './json.ts'
import type { InboundRequest, OutgoingRequest } from '../../model/request.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { RenderedRequest } from '../../plugin/contract.ts'

/** What `parse` returns: the request and where its members stand. */
export interface ParsedRequest extends InboundRequest {
  readonly layout: Layout
}

type Members = { readonly [name: string]: Json }

export function render(outgoing: OutgoingRequest): RenderedRequest {
  const { inbound, edits, params } = outgoing
  let edited: JsonObject | undefined
  const body = (): JsonObject => (edited ??= withMembers(withEdits(inbound.body, edits), params))
  return {
    stream: inbound.stream,
    choices: inbound.choices,
    headers: outgoing.headers,
    body,
    bytes(set) {
      if (!inbound.faithful || edits.length > 0) return Buffer.from(JSON.stringify(withMembers(body(), set)))
      return splice(inbound.raw, topOf(inbound), { ...params, ...set })
    },
  }
}

function topOf(inbound: InboundRequest): readonly MemberSpan[] {
  const layout = (inbound as Partial<ParsedRequest>).layout ?? scanLayout(inbound.raw.toString('latin1'), Infinity)
  return layout.top
}

/**
 * Sets members of an object's source: replaces the value of one that is there, adds others behind the last, removes where the value
 * is null. All other bytes stay. The object must have no member name twice.
 */
export function splice(raw: Buffer, top: readonly MemberSpan[], set: Members): Buffer {
  const changes = changesOf(raw, top, set)
  if (changes.length === 0) return raw
  const pieces: Buffer[] = []
  let at = 0
  let size = 0
  const add = (piece: Buffer): void => {
    pieces.push(piece)
    size += piece.length
  }
  for (const { start, end, text } of changes) {
    add(raw.subarray(at, start))
    add(Buffer.from(text))
    at = end
  }
  add(raw.subarray(at))
  return Buffer.concat(pieces, size)
}

interface ByteChange {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** In the order of the bytes. */
function changesOf(raw: Buffer, top: readonly MemberSpan[], set: Members): readonly ByteChange[] {
  const changes: ByteChange[] = []
  const present = new Set<string>()
  let kept: MemberSpan | null = null
  for (const [i, member] of top.entries()) {
    const value = Object.hasOwn(set, member.name) ? set[member.name] : undefined
    present.add(member.name)
    if (value === null) {
      // With the comma behind it; for the last ones the comma before goes below.
      if (i + 1 < top.length) changes.push({ start: member.start, end: top[i + 1]!.start, text: '' })
      continue
    }
    kept = member
    if (value === undefined) continue
    const text = JSON.stringify(value)
    if (!isSame(raw, member, text)) changes.push({ start: member.valueStart, end: member.valueEnd, text })
  }
  const added = Object.keys(set).filter((name) => set[name] !== null && !present.has(name))
  return closeGap(raw, top, kept, changes, added.map((name) => `${JSON.stringify(name)}:${JSON.stringify(set[name])}`).join(','))
}

/** Members at the end were removed, or new ones come: what follows the last member that stays is written anew. */
function closeGap(
  raw: Buffer,
  top: readonly MemberSpan[],
  kept: MemberSpan | null,
  changes: ByteChange[],
  added: string,
): readonly ByteChange[] {
  const last = top.at(-1) ?? null
  if (added === '' && kept === last) return changes
  const start = kept?.valueEnd ?? raw.indexOf('{') + 1
  const end = last?.valueEnd ?? start
  const text = added === '' ? '' : `${kept === null ? '' : ','}${added}`
  return [...changes.filter((change) => change.start < start), { start, end, text }]
}

function isSame(raw: Buffer, { valueStart, valueEnd }: MemberSpan, text: string): boolean {
  return valueEnd - valueStart === text.length && raw.toString('latin1', valueStart, valueEnd) === text
}
