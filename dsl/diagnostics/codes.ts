// The catalogue of diagnostic codes. A code is permanent and never used again for something else; `docs/diagnostics.md` has a section for each.
import type { CodeEntry } from './code-entry.ts'
import { MEANING_CODES } from './codes-meaning.ts'
import { PROOF_CODES } from './codes-proof.ts'
import { SYNTAX_CODES } from './codes-syntax.ts'

export type { CodeEntry }

/** In the order of the codes. */
export const CODES: readonly CodeEntry[] = [...SYNTAX_CODES, ...MEANING_CODES, ...PROOF_CODES].toSorted((left, right) =>
  left.code.localeCompare(right.code),
)

const BY_CODE: ReadonlyMap<string, CodeEntry> = new Map(CODES.map((entry) => [entry.code, entry]))

export function explainCode(code: string): CodeEntry | null {
  return BY_CODE.get(code.toUpperCase()) ?? null
}
