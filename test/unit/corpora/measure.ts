// Counts what the detectors get right: per label and origin how much is found and how much is reported wrongly, and what they report in ordinary text.
import { readLabels, readLines, type Class, type Label, type Line, type Origin, type Span, type Trial } from './corpora.ts'
import type { Finding } from '../../../core/model/content.ts'
import type { Scanner } from './scanner.ts'

/** Numbers of trials. `shapes` are among `positives`: upstream itself hardly believes them. */
export interface Tally {
  positives: number
  found: number
  shapes: number
  shapesFound: number
  negatives: number
  reported: number
  /** Findings in whole sentences that overlap nothing labelled there. */
  strays: number
}

export interface Miss {
  readonly label: string
  readonly expect: boolean
  readonly span: Span | null
  readonly text: string
  readonly source: string
  readonly findings: readonly Finding[]
}

export interface Accuracy {
  readonly labels: { readonly [label: string]: Label }
  readonly tallies: ReadonlyMap<string, { readonly [origin in Origin]: Tally }>
  /** By detector: of its findings in the corpora, the number that a label of it expects there, and of those that one forbids. */
  readonly detectors: ReadonlyMap<string, { right: number; wrong: number }>
  readonly misses: readonly Miss[]
}

export const CLASSES: readonly Class[] = ['secret', 'checksum', 'pattern', 'name']
export const ORIGINS: readonly Origin[] = ['literal', 'generated']

const emptyTally = (): Tally => ({ positives: 0, found: 0, shapes: 0, shapesFound: 0, negatives: 0, reported: 0, strays: 0 })
const overlaps = ({ start, end }: { start: number; end: number }, [from, to]: Span): boolean => start < to && end > from

export async function measure(scanner: Scanner, lines: readonly Line[] = readLines()): Promise<Accuracy> {
  const labels = readLabels()
  const tallies = new Map(Object.keys(labels).map((label) => [label, { literal: emptyTally(), generated: emptyTally() }]))
  const detectors = new Map(scanner.detectors.map((name) => [name, { right: 0, wrong: 0 }]))
  const misses: Miss[] = []
  for (const line of lines) {
    const findings = await scanner.scan(line.text)
    for (const trial of line.trials) {
      const hits = hitsOf(trial, labels[trial.label]!, findings)
      count(tallies.get(trial.label)![trial.origin], trial, hits.length > 0)
      for (const name of new Set(hits.map(({ detector }) => detector))) detectors.get(name)![trial.expect ? 'right' : 'wrong']++
      if (hits.length > 0 !== trial.expect) {
        const { label, expect, span } = trial
        misses.push({ label, expect, span, text: line.text, source: line.source, findings })
      }
    }
    if (line.labelled) countStrays(tallies, labels, line.labelled, findings)
  }
  return { labels, tallies, detectors, misses }
}

export function hitsOf({ span }: Trial, { detectors }: Label, findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((finding) => detectors.includes(finding.detector) && (span === null || overlaps(finding, span)))
}

function count(tally: Tally, { expect, isShape }: Trial, isHit: boolean): void {
  const hit = isHit ? 1 : 0
  if (!expect) {
    tally.negatives++
    tally.reported += hit
    return
  }
  tally.positives++
  tally.found += hit
  if (isShape) tally.shapes++
  if (isShape) tally.shapesFound += hit
}

function countStrays(
  tallies: Accuracy['tallies'],
  labels: Accuracy['labels'],
  labelled: readonly Span[],
  findings: readonly Finding[],
): void {
  for (const finding of findings) {
    if (labelled.some((span) => overlaps(finding, span))) continue
    for (const [label, { detectors }] of Object.entries(labels)) {
      if (detectors.includes(finding.detector)) tallies.get(label)!.generated.strays++
    }
  }
}

/** Sum over the labels of a class. */
export function ofClass({ labels, tallies }: Accuracy, wanted: Class, origins: readonly Origin[] = ORIGINS): Tally {
  const sum = emptyTally()
  for (const [label, { class: of }] of Object.entries(labels)) {
    if (of === wanted) for (const origin of origins) add(sum, tallies.get(label)![origin])
  }
  return sum
}

export function ofLabel({ tallies }: Accuracy, label: string, origins: readonly Origin[] = ORIGINS): Tally {
  const sum = emptyTally()
  for (const origin of origins) add(sum, tallies.get(label)![origin])
  return sum
}

function add(sum: Tally, tally: Tally): void {
  for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += tally[key]
}

/** Share of the true ones that was found, 0 to 1; null: there are none. */
export const recallOf = ({ positives, found }: Tally): number | null => (positives === 0 ? null : found / positives)
/** The same without mere shapes. */
export const surerRecallOf = ({ positives, found, shapes, shapesFound }: Tally): number | null =>
  positives === shapes ? null : (found - shapesFound) / (positives - shapes)
/** Share of the false ones that was reported. */
export const falseRateOf = ({ negatives, reported }: Tally): number | null => (negatives === 0 ? null : reported / negatives)
