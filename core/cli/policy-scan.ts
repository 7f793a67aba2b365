// `policy scan`: a text as a user message through all detectors, and what the policies would decide. The same as the preview of the admin API,
// with what detectors would find that no policy looks for.
import { readFileSync } from 'node:fs'
import { bindForTools, type PolicySet } from '../policy/toolbox.ts'
import { findingsInText, preview, type Preview, type PreviewFinding } from '../pipeline/preview.ts'
import type { Screen } from './policy-output.ts'

/** What `policy scan --json` prints. */
export interface ScanReport extends Omit<Preview, 'findings'> {
  readonly findings: readonly ScanFinding[]
}

/** `in_use`: a policy that judges has the detector among its words, so it counts for the decision. */
export interface ScanFinding extends PreviewFinding {
  readonly in_use: boolean
}

/**
 * A file, or all of standard input for `-`; a pipe whose writer takes its time is waited for. UTF-16 is known by its mark, everything else is
 * read as UTF-8. Throws what the file system says.
 */
export async function readInput(file: string): Promise<string> {
  if (file !== '-') return decodeText(readFileSync(file))
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return decodeText(Buffer.concat(chunks))
}

function decodeText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2)
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return bytes
      .subarray(2, bytes.length & ~1)
      .swap16()
      .toString('utf16le')
  return bytes.toString('utf8')
}

/**
 * `set` judges. `shipped`: detectors that are tried beside those of `set`; null: none.
 * `effects`: verbs of what the policies would do to the request, sorted; the decision of a refused one has none.
 */
export async function scanText(
  set: PolicySet,
  shipped: PolicySet | null,
  text: string,
): Promise<{ readonly report: ScanReport; readonly effects: readonly string[] }> {
  const bound = bindForTools(set)
  const beside = shipped && bindForTools(shipped)
  try {
    const report = await preview(bound, { text }, new Map())
    const known = new Set(bound.program.bundle.detectors.map(({ name }) => name))
    const more = beside ? await findingsInText(beside, text, (name) => !known.has(name)) : { findings: [], failed: [] }
    const findings = [
      ...report.findings.map((finding) => ({ ...finding, in_use: true })),
      ...more.findings.map((finding) => ({ ...finding, in_use: false })),
    ].sort((a, b) => a.start - b.start || a.end - b.end)
    const verbs = report.phases.flatMap(({ effects }) => effects.map(({ verb }) => verb))
    return {
      report: { ...report, findings, failed: [...report.failed, ...more.failed] },
      effects: report.decision === 'deny' ? [] : [...new Set(verbs)].sort(),
    }
  } finally {
    await bound.detection.close()
    await beside?.detection.close()
  }
}

const MARK = '\u001B[7m'
const PLAIN = '\u001B[0m'

export function showScan(
  text: string,
  { findings, failed, decision, refused, rewritten }: ScanReport,
  effects: readonly string[],
  { colour }: Screen,
): string {
  const said = refused ? refused.code : effects.join(', ')
  const shown = colour ? [highlight(text, findings), ''] : []
  return [
    ...shown,
    ...findingLines(text, findings),
    ...failed.map((detector) => `${detector} gave no result`),
    ...rewritten.flatMap(({ text: left }) => ['would leave as:', harmless(beginningOf(left))]),
    `${countOf(findings)}, decision: ${decision}${said === '' ? '' : ` (${said})`}`,
  ].join('\n')
}

function countOf(findings: ScanReport['findings']): string {
  const unused = findings.filter((finding) => !finding.in_use).length
  return `${findings.length} found${unused === 0 ? '' : `, ${unused} of them by detectors that no policy uses`}`
}

/** One line a finding: place, detector, score, what makes it sure, text. */
function findingLines(text: string, findings: ScanReport['findings']): readonly string[] {
  const rows = findings.map(({ detector, start, end, score, checks, decoded, in_use }) => [
    `${start}-${end}`,
    detector,
    score.toFixed(2),
    [...checks, ...(decoded ? [`decoded from ${decoded}`] : []), ...(in_use ? [] : ['in no policy'])].join(', '),
    quoted(text.slice(start, end)),
  ])
  const columns = [0, 1, 2, 3, 4].filter((column) => rows.some((row) => row[column] !== ''))
  const widths = columns.map((column) => rows.reduce((most, row) => Math.max(most, row[column]!.length), 0))
  return rows.map((row) => columns.map((column, i) => (column === 4 ? row[4]! : row[column]!.padEnd(widths[i]!))).join('  '))
}

/** A private key is as long as a page: its beginning tells it. */
const MAX_SHOWN = 60

/** A page or two; `--json` has all of it. */
const MAX_LEFT = 4000

const beginningOf = (text: string): string =>
  text.length > MAX_LEFT ? `${text.slice(0, MAX_LEFT)}…\n(${text.length - MAX_LEFT} characters more: --json)` : text.replace(/\n+$/, '')

const quoted = (text: string): string => harmless(JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text))

function highlight(text: string, findings: ScanReport['findings']): string {
  let out = ''
  let at = 0
  for (const { start, end } of findings) {
    if (start < at) continue
    out += harmless(text.slice(at, start)) + MARK + harmless(text.slice(start, end)) + PLAIN
    at = end
  }
  return out + harmless(text.slice(at))
}

/** What could move the cursor, hide text or turn its direction on a terminal shows as a replacement. */
const harmless = (text: string): string => text.replaceAll(/[[\p{Cc}\p{Cf}]--[\t\n]]/gv, '\ufffd')
