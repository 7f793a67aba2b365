// One linear scan over a JSON text: how deep it nests, how many members it has, and where those of its top level stand.
// It runs before JSON.parse (which may then be given any depth) and needs no correct JSON; what it found holds if the parse succeeds.
import type { Json } from '../../model/value.ts'

/** A top-level member; offsets are bytes of the body, ends exclusive. */
export interface MemberSpan {
  readonly name: string
  /** Of the quote that opens the name. */
  readonly start: number
  readonly valueStart: number
  readonly valueEnd: number
}

export interface Layout {
  /** False if arrays and objects nest deeper than the limit; nothing else is valid then. */
  readonly isShallow: boolean
  /** Members of all objects together, repeated names counted each time. */
  readonly members: number
  readonly top: readonly MemberSpan[]
}

const QUOTE = 34
const COMMA = 44
const COLON = 58
const BACKSLASH = 92
const TOO_DEEP: Layout = { isShallow: false, members: 0, top: [] }

/**
 * Scans `text`, in which one character must stand for one byte (`latin1`): bytes above 0x7F only ever stand inside strings.
 * Strings are skipped by native search, everything else is looked at once.
 */
export function scanLayout(text: string, maxDepth: number): Layout {
  const length = text.length
  const top: MemberSpan[] = []
  let depth = 0
  let members = 0
  // The member of the top level that is open: its name's quotes, and where its value begins (0: not yet).
  let nameStart = -1
  let nameEnd = 0
  let valueStart = 0
  let lastByte = 0
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit <= 32) continue
    if (unit === QUOTE) {
      const end = endOfString(text, i)
      if (end < 0) break
      if (depth === 1 && nameStart < 0) {
        nameStart = i
        nameEnd = end
      }
      i = end
    } else if (unit === COLON) {
      members++
      if (depth === 1) valueStart = i + 1
    } else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > maxDepth) return TOO_DEEP
    } else if (depth === 1 && (unit === COMMA || unit === 0x7d)) {
      if (valueStart > 0) top.push(memberAt(text, nameStart, nameEnd, valueStart, lastByte + 1))
      nameStart = -1
      valueStart = 0
      if (unit !== COMMA) depth--
    } else if (unit === 0x7d || unit === 0x5d) depth--
    lastByte = i
  }
  return { isShallow: true, members, top }
}

/** Index of the quote that closes the string opened at `start`, or -1. A quote is escaped by an odd run of backslashes. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH) {
    let run = end - 1
    while (text.charCodeAt(run - 1) === BACKSLASH) run--
    if ((end - run) % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return end
}

function memberAt(text: string, nameStart: number, nameEnd: number, afterColon: number, valueEnd: number): MemberSpan {
  let valueStart = afterColon
  while (text.charCodeAt(valueStart) <= 32) valueStart++
  return { name: nameOf(text.slice(nameStart, nameEnd + 1)), start: nameStart, valueStart, valueEnd }
}

/** A name with escapes or beyond ASCII is rare; as it may also be broken, it then counts as no name of ours. */
function nameOf(quoted: string): string {
  if (!quoted.includes('\\')) return Buffer.from(quoted.slice(1, -1), 'latin1').toString()
  try {
    return JSON.parse(Buffer.from(quoted, 'latin1').toString()) as string
  } catch {
    return quoted
  }
}

/** Members of all objects in a parsed value. Fewer than the layout counts: some object had a name twice. */
export function countMembers(value: Json): number {
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) if (typeof item === 'object' && item !== null) count += countMembers(item)
  } else if (typeof value === 'object' && value !== null) {
    const object = value as { readonly [name: string]: Json }
    for (const name in object) {
      count++
      const member = object[name]
      if (typeof member === 'object' && member !== null) count += countMembers(member)
    }
  }
  return count
}
