// A word as it is written, and as it is seen: folded, so that full-width and invisible characters disguise nothing in it.
import { foldWithOffsets, isPlain, type Folded } from './fold.ts'
import type { EncodedRun, Lead, Run } from './encoded-run.ts'
import { firstTag, tagsIn } from './encoded-tags.ts'
import { openFrom } from './encoded-words.ts'

/** Null for a word that looks as it is written. */
export const foldedOf = (word: string): Folded | null => (isPlain(word) ? null : foldWithOffsets(word))

/** Where a run may be open in an unfinished word, as it is written. */
export function openInSource(word: string): number {
  const folded = foldedOf(word)
  if (!folded) return openFrom(word)
  const open = folded.starts[openFrom(folded.text)]!
  const tag = firstTag(word)
  return tag < 0 ? open : Math.min(open, tag)
}

/** The runs of a word, and what is hidden in it, at their places in the text. `start`: of the word. */
export function placeRuns(
  runs: readonly Run[],
  word: string,
  folded: Folded | null,
  start: number,
  lead: Lead | null,
): readonly EncodedRun[] {
  const placed = runs.map((run) => {
    const leads = run.start === 0 && lead?.encoding === run.encoding ? lead.text : ''
    const place = folded
      ? { start: start + folded.starts[run.start]!, end: start + folded.ends[run.end - 1]! }
      : { start: start + run.start, end: start + run.end }
    return { ...place, encoding: run.encoding, text: leads + run.text, lead: leads.length + (run.lead ?? 0) }
  })
  if (!folded) return placed
  const hidden = tagsIn(word).map(
    (tag) => ({ start: start + tag.start, end: start + tag.end, encoding: 'escape', text: tag.text, lead: 0 }) as const,
  )
  return [...placed, ...hidden]
}
