// The detectors on text that nobody fitted them to: keys and numbers drawn from their public forms, written in many ways, beside what only
// looks like them. All of it comes from one seed, so a failure can be looked at again.
import assert from 'node:assert/strict'
import { ASSIGNMENTS, Dice, FILLERS, MENTIONS, NAMED, PREFIXED } from './formats.ts'
import { NUMBERS } from './numbers.ts'
import { openScanner, type Scanner } from './scanner.ts'
import { readLabels } from './corpora.ts'

const ROUNDS = process.env['SALLYPORT_TEST_LONG'] ? 10 : 1
const LABELS = readLabels()

describe('detectors on what they were not fitted to', () => {
  let scanner: Scanner
  let dice: Dice

  before(() => (scanner = openScanner()))
  beforeEach(() => (dice = new Dice(20_261_121)))
  after(() => scanner.close())

  const isFound = async (label: string, text: string): Promise<boolean> =>
    (await scanner.scan(text)).some(({ detector }) => LABELS[label]!.detectors.includes(detector))

  /** Rounds of it; fails with the first texts that went the other way when they are more than the share. */
  async function count(expected: boolean, mayDiffer: number, texts: () => Iterable<readonly [label: string, text: string]>): Promise<void> {
    const differing: string[] = []
    let all = 0
    for (let round = 0; round < ROUNDS; round++) {
      for (const [label, text] of texts()) {
        all++
        if ((await isFound(label, text)) !== expected) differing.push(`${label}: ${JSON.stringify(text)}`)
      }
    }
    assert.ok(differing.length <= mayDiffer * all, `${differing.length} of ${all}\n${differing.slice(0, 8).join('\n')}`)
  }

  it('finds a key behind the name of its issuer, however it is assigned', async function () {
    this.timeout(30_000)
    await count(true, 0.02, function* () {
      for (const [label, name, form] of NAMED) for (const written of ASSIGNMENTS) yield [label, written(name, dice.fill(form))]
    })
  })

  it('finds a key with a prefix wherever it stands', async function () {
    this.timeout(30_000)
    await count(true, 0.005, function* () {
      for (const [label, form] of PREFIXED) {
        for (const written of ASSIGNMENTS) yield [label, written('acme', dice.fill(form))]
        yield [label, dice.fill(form)]
        yield [label, `密钥是${dice.fill(form)}，请保密`]
      }
    })
  })

  it('takes no filler for a key', async function () {
    this.timeout(30_000)
    await count(false, 0.01, function* () {
      for (const [label, name, form] of NAMED) {
        const { length } = dice.fill(form)
        for (const filler of FILLERS) yield [label, dice.pick(ASSIGNMENTS)(name, filler(length, name))]
      }
      for (const [label, form] of PREFIXED) {
        const prefix = form.slice(0, form.indexOf('{'))
        for (const sign of ['x', 'X', '0'])
          yield [label, dice.pick(ASSIGNMENTS)('acme', prefix + sign.repeat(dice.fill(form).length - prefix.length))]
      }
    })
  })

  it('takes no key of a documentation for one of the standard keys', async function () {
    this.timeout(30_000)
    const reported: string[] = []
    for (const [, form] of PREFIXED) {
      const prefix = form.slice(0, form.indexOf('{'))
      for (const body of ['x', '0', '1234567890abcdef', 'abcdefghijklmnopqrstuvwxyz', 'Your']) {
        const text = dice.pick(ASSIGNMENTS)('acme', prefix + body.repeat(100).slice(0, dice.fill(form).length - prefix.length))
        if ((await scanner.scan(text)).some(({ detector }) => detector === 'standard.detectors.api_key')) reported.push(text)
      }
    }
    assert.deepEqual(reported, [])
  })

  it('finds a number with its check digit behind each of its names, and alone', async function () {
    this.timeout(30_000)
    await count(true, 0.02, function* () {
      for (const { label, names, draw } of NUMBERS) {
        yield [label, draw(dice)]
        for (const name of names) for (const written of MENTIONS) yield [label, written(name, draw(dice))]
      }
    })
  })

  it('reports no number whose check digit is wrong, and none that is cut short', async function () {
    this.timeout(30_000)
    await count(false, 0.01, function* () {
      for (const { label, names, draw } of NUMBERS) {
        for (const written of MENTIONS) {
          const value = draw(dice)
          yield [label, written(dice.pick(names), value.slice(0, -1) + nextOf(value.at(-1)!))]
          yield [label, written(dice.pick(names), value.slice(0, -1))]
        }
      }
    })
  })
})

/** The digit or letter behind it. */
function nextOf(last: string): string {
  if (last === '9') return '0'
  return last === 'Z' ? 'A' : String.fromCharCode(last.charCodeAt(0) + 1)
}
