// `docs/detectors.md` is what `policies/` declares; its measured numbers may part a little from what is measured now.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { detectorsPage, measureAll } from '../../scripts/detectors.ts'
import { openScanner, ROOT } from '../unit/corpora/scanner.ts'

const PAGE = join(ROOT, 'docs/detectors.md')
const SHARE = /(`[^`]+`|precision) ([\d.]+) %/g
/** Points. */
const TOLERANCE = 5

describe('docs/detectors.md', () => {
  let written: string
  let made: string

  before(async function () {
    this.timeout(120_000)
    const scanner = openScanner()
    written = readFileSync(PAGE, 'utf8')
    made = detectorsPage(scanner, await measureAll(scanner))
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
    const parted = now.filter(([, share], i) => Math.abs(share - before[i]![1]) > TOLERANCE)
    assert.deepEqual(parted, [], 'run npm run detectors')
  })
})
