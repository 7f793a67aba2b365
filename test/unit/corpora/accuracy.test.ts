// The shipped detectors on the corpora. Where a target is reached it is the bound; elsewhere the floor is what was reached, and floors only rise.
// Measured once, also for `docs/detectors.md`: that is what `policies/` declares, and its numbers may part a little from what is measured now.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CLASSES, ORIGINS, falseRateOf, ofClass, recallOf, type Accuracy } from './measure.ts'
import { detectorsPage, measureAll } from '../../../scripts/detectors.ts'
import { classTable, labelTable, TARGETS, type Target } from './page.ts'
import { measureEvasions } from './evasions.ts'
import type { Ordinary } from './ordinary.ts'
import { openScanner, ROOT, type Scanner } from './scanner.ts'
import { readLabels, readLines, type Class } from './corpora.ts'

/** Reached so far where a target is not, or there is none; in shares. */
const FLOORS: { readonly [of: string]: Target } = {
  'secret literal': { recall: 0.935, falseRate: 0.03 },
  'secret both': { recall: 0.985, falseRate: 0.028 },
  'name literal': { recall: 0, falseRate: 0 },
  'name generated': { recall: 0.12, falseRate: 0 },
  'name both': { recall: 0.12, falseRate: 0 },
}
/** How far numbers may part from `docs/accuracy.md` before it has to be written again. */
const TOLERANCE = 0.02
/** Of each class, written in any of the ways of `evasions.ts`. */
const FOUND_IN_DISGUISE = 0.95
/**
 * Base32 of nine characters is too short to be told from a name, few numbers or digits in a row are numbers and digits, and a value of several
 * words is in pieces where it has blanks.
 */
const FOUND_LESS: { readonly [name: string]: number } = {
  base32: 0.75,
  'decimal codes of the value': 0.9,
  'blanks between the characters of the value': 0.8,
  'a list of the characters of the value': 0.8,
  'strings put together': 0.8,
  'a comment of HTML in the value': 0.8,
}
const EVERY_NTH_IN_DISGUISE = process.env['SALLYPORT_TEST_LONG'] ? 1 : 4
/** READMEs are full of links, dates and times. */
const FOUND_RIGHTLY = [
  'standard.detectors.url',
  ...['calendar_date', 'time_of_day', 'weekday', 'year', 'uuid'].map((name) => `moments.detectors.${name}`),
]
/** Findings of all other detectors together, per megabyte of ordinary text. Mailboxes and hosts in READMEs are among them. */
const MAX_FINDINGS_PER_MB = 160

let once: ReturnType<typeof measureAll> | null = null
const measured = (scanner: Scanner): ReturnType<typeof measureAll> => (once ??= measureAll(scanner))

describe('accuracy on the corpora', () => {
  let scanner: Scanner
  let accuracy: Accuracy
  let ordinary: Ordinary

  before(async function () {
    this.timeout(120_000)
    scanner = openScanner()
    ;({ accuracy, ordinary } = await measured(scanner))
  })
  after(() => scanner.close())

  it('has a row in labels.json for every label that occurs, and for no other', () => {
    const occurring = new Set(readLines().flatMap(({ trials }) => trials.map(({ label }) => label)))
    assert.deepEqual(Object.keys(readLabels()).sort(), [...occurring].sort())
  })

  it('names only detectors that are shipped, and no unions', () => {
    const unknown = Object.entries(readLabels()).flatMap(([label, { detectors }]) =>
      detectors.filter((name) => !scanner.detectors.includes(name)).map((name) => `${label}: ${name}`),
    )
    assert.deepEqual(unknown, [])
  })

  for (const name of CLASSES) {
    for (const origins of [['literal'], ['generated'], ORIGINS] as const) {
      const lines = origins.length === 1 ? origins[0] : 'both'
      it(`finds what is asked of the class ${name}, ${lines} lines, or what was found before, and reports no more wrongly`, () => {
        const tally = ofClass(accuracy, name, origins)
        const { recall, falseRate } = FLOORS[`${name} ${lines}`] ?? TARGETS[name]!
        assert.ok(recallOf(tally)! >= recall, `recall ${tally.found}/${tally.positives} is below ${recall}`)
        assert.ok((falseRateOf(tally) ?? 0) <= falseRate, `${tally.reported}/${tally.negatives} wrongly reported, more than ${falseRate}`)
      })
    }
  }

  it('finds in disguise what it finds plainly', async function () {
    this.timeout(600_000)
    const lines = readLines().filter(({ trials }) => trials.some(({ origin }) => origin === 'literal'))
    const some = lines.filter((_, i) => i % EVERY_NTH_IN_DISGUISE === 0)
    for (const [name, counts] of await measureEvasions(scanner, accuracy, some)) {
      assert.ok(counts.size > 0, `${name}: nothing to look for`)
      for (const [of, { found, of: all }] of counts)
        assert.ok(all > 40 && found / all >= (FOUND_LESS[name] ?? FOUND_IN_DISGUISE), `${name}: ${found}/${all} of the class ${of}`)
    }
  })

  it('reports little in ordinary prose and code', () => {
    let count = 0
    for (const [name, found] of ordinary.findings) if (!FOUND_RIGHTLY.includes(name)) count += found.length
    const perMegabyte = count / (ordinary.bytes / 1e6)
    assert.ok(ordinary.bytes > 200_000, 'too little ordinary text to say anything')
    assert.ok(perMegabyte <= MAX_FINDINGS_PER_MB, `${perMegabyte.toFixed(0)} findings per MB`)
  })

  it('is what docs/accuracy.md says (npm run accuracy writes it)', () => {
    const page = readFileSync(join(ROOT, 'docs/accuracy.md'), 'utf8')
    assert.deepEqual(rowsOf(page, /^\w[^|]*$/), rowsOf(labelTable(accuracy), /^\w[^|]*$/), 'the labels have changed; run npm run accuracy')
    for (const row of classTable(accuracy).split('\n').slice(2)) {
      const [name, origin, , ...measured] = cells(row)
      const written = cells(page.split('\n').find((line) => cells(line)[0] === name && cells(line)[1] === origin) ?? '')
      for (const [i, value] of [measured[0]!, measured[2]!].entries()) {
        const before = written[3 + 2 * i]
        const parted = Math.abs(shareOf(value) - shareOf(before ?? ''))
        assert.ok(parted <= TOLERANCE, `${name} ${origin}: measured ${value}, the page says ${before}; run npm run accuracy`)
      }
    }
  })
})

const SHARE = /(`[^`]+`|precision) ([\d.]+) %/g
/** Points that a detector's numbers may part. */
const POINTS = 5

describe('docs/detectors.md', () => {
  let written: string
  let made: string

  before(async function () {
    this.timeout(120_000)
    const scanner = openScanner()
    written = readFileSync(join(ROOT, 'docs/detectors.md'), 'utf8')
    made = detectorsPage(scanner, await measured(scanner))
    await scanner.close()
  })

  const withoutNumbers = (page: string): string => page.replaceAll(/^Measured: .*$/gm, 'Measured')
  const shares = (page: string): readonly (readonly [string, number])[] =>
    [...page.matchAll(SHARE)].map(([, of, share]) => [of!, Number(share)])

  it('has every shipped detector as it is declared, and no other (npm run detectors writes it)', () => {
    assert.ok(withoutNumbers(written) === withoutNumbers(made), 'the page has parted from policies/; run npm run detectors')
  })

  it('says how well they do, as near as matters', () => {
    const [before, now] = [shares(written), shares(made)]
    assert.ok(now.length > 100)
    assert.deepEqual(
      before.map(([of]) => of),
      now.map(([of]) => of),
      'other labels are measured now; run npm run detectors',
    )
    const parted = now.filter(([, share], i) => Math.abs(share - before[i]![1]) > POINTS)
    assert.deepEqual(parted, [], 'run npm run detectors')
  })
})

const cells = (row: string): readonly string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
const shareOf = (cell: string): number => (cell.endsWith('%') ? Number.parseFloat(cell) / 100 : 0)

/** Labels of the table of labels. */
function rowsOf(text: string, label: RegExp): readonly string[] {
  const rows = text.split('\n').map(cells)
  return rows
    .filter(([name, of, , , ...rest]) => rest.length === 5 && label.test(name!) && CLASSES.includes(of as Class))
    .map(([name]) => name!)
}
