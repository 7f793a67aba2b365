// One slip of a hand is one message: a thousand random accidents (a hundred and fifty in the short run) on the shipped policies and the design's sample, through the whole compiler.
// The seed that the rules of repair were written with stands beside one that they were not.
import assert from 'node:assert/strict'
import { compile, type Diagnostic, type SourceFile, type Vocabulary } from '../../../../dsl/index.ts'
import {
  ACCIDENTS,
  accidentIn,
  chanceOf,
  SAMPLE,
  standardFiles,
  tokensOf,
  vocabulary,
  type Accident,
  type AccidentKind,
} from '../../../support/policy-text.ts'

const ACCIDENTS_PER_SEED = process.env['SALLYPORT_TEST_LONG'] ? 1000 : 150
const SEEDS = { tuned: 3, 'held out': 20_261_121 }
const LEAST_SHARE = 0.7

/** Words of the sample that plugins of a later version bring. */
const sampleVocabulary: Vocabulary = {
  ...vocabulary,
  attributes: [
    ...vocabulary.attributes,
    ...(vocabulary.attributes.some(({ name }) => name === 'metadata.*')
      ? []
      : [{ ...vocabulary.attributes.find(({ name }) => name === 'session.id')!, name: 'metadata.*' }]),
  ],
  verbs: [
    ...vocabulary.verbs,
    ...['require approval from <text> [within <duration>]', 'tokenize <detector...> in <location...> [for <duration>]'].flatMap((phrase) =>
      vocabulary.verbs.some((verb) => verb.phrase.split(' ', 1)[0] === phrase.split(' ', 1)[0])
        ? []
        : [{ ...vocabulary.verbs.find((verb) => verb.phrase.startsWith('redact'))!, phrase, aliases: [], plugin: 'test' }],
    ),
  ],
}

/** A file that accidents happen to, with what must stand beside it to compile. */
interface Victim {
  readonly file: SourceFile
  readonly tokens: ReturnType<typeof tokensOf>
  readonly beside: readonly SourceFile[]
  readonly vocabulary: Vocabulary
}

function victimOf(file: SourceFile): Victim {
  const used = [...new Set([...file.text.matchAll(/\bstd\.(\w+)/g)].map(([, name]) => name!))]
  const stub = `module standard.detectors\n${used.map((name) => `detector ${name} { pattern /${name}/ }`).join('\n')}`
  const beside = file.text.includes('import standard.detectors') ? [{ path: 'stub.policy', text: stub }] : []
  const words = file === SAMPLE ? sampleVocabulary : vocabulary
  const victim = { file, tokens: tokensOf(file), beside, vocabulary: words }
  assert.deepEqual(errorsOf(victim, file.text), [], 'the file is right before the accident')
  return victim
}

const nameOf = ({ code, message }: Diagnostic): string => `${code} ${message}`

function check({ file, beside, vocabulary: words }: Victim, text: string): ReturnType<typeof compile> {
  return compile([{ ...file, text }, ...beside], words, { readList: () => 'angina\nasthma\n' })
}

function errorsOf(victim: Victim, text: string): readonly Diagnostic[] {
  return check(victim, text).diagnostics.filter(({ severity }) => severity === 'error')
}

interface Happened extends Accident {
  readonly victim: Victim
  readonly errors: readonly Diagnostic[]
}

function happen(seed: number): readonly Happened[] {
  const victims = [...standardFiles(), SAMPLE].map(victimOf)
  const places = victims.flatMap((victim) => victim.tokens.map(() => victim))
  const chance = chanceOf(seed)
  return Array.from({ length: ACCIDENTS_PER_SEED }, (_, index) => {
    const victim = chance.pick(places)
    const accident = accidentIn(victim.file.text, victim.tokens, ACCIDENTS[index % ACCIDENTS.length]!, chance)
    return { ...accident, victim, errors: errorsOf(victim, accident.text) }
  })
}

/** Rows of one message, more, and none (another valid file), per kind of accident; the share is of the accidents that are errors. */
function tableOf(all: readonly Happened[]): { readonly lines: readonly string[]; readonly share: number } {
  const row = (kind: AccidentKind | 'all'): { readonly line: string; readonly share: number } => {
    const own = all.filter((one) => kind === 'all' || one.kind === kind)
    const [none, one, two] = [0, 1, 2].map((count) => own.filter(({ errors }) => errors.length === count).length) as [
      number,
      number,
      number,
    ]
    const share = one / (own.length - none)
    const cells = [one, two, own.length - none - one - two, none].map((count) => String(count).padStart(6)).join('')
    return { line: `${kind.padEnd(10)}${cells}   ${(100 * share).toFixed(1)} %`, share }
  }
  const rows = ([...ACCIDENTS, 'all'] as const).map(row)
  return {
    lines: ['accident     one   two  more  valid   one of those that are wrong', ...rows.map(({ line }) => line)],
    share: rows.at(-1)!.share,
  }
}

/** The commonest ways in which one slip becomes several messages; printed where the environment asks for it. */
function cascadesOf(all: readonly Happened[]): string {
  const several = Map.groupBy(
    all.filter(({ errors }) => errors.length > 1),
    ({ kind, errors }) => `${kind}: ${errors.map(({ code }) => code).join(' ')}`,
  )
  const sorted = [...several].sort(([, a], [, b]) => b.length - a.length)
  return sorted
    .map(([name, cases]) =>
      [
        `${cases.length} × ${name}`,
        ...cases.slice(0, 4).flatMap((one) => [`    ${one.story}`, ...one.errors.map((e) => `        ${nameOf(e)}`)]),
      ].join('\n'),
    )
    .join('\n')
}

describe('one slip', () => {
  for (const [name, seed] of Object.entries(SEEDS)) {
    describe(`in ${ACCIDENTS_PER_SEED} random accidents (${name})`, () => {
      let all: readonly Happened[]
      before(function () {
        this.timeout(120_000)
        all = happen(seed)
      })

      it('is one message in at least seventy of a hundred', () => {
        const { lines, share } = tableOf(all)
        for (const line of lines) console.log(`        ${line}`)
        if (process.env['SALLYPORT_TEST_CASCADES']) console.log(cascadesOf(all))
        assert.ok(share >= LEAST_SHARE, `${(100 * share).toFixed(1)} %\n${cascadesOf(all)}`)
      })

      it('goes unseen only where the result is another valid file: all of it is in the artefact', () => {
        for (const { victim, text, errors, story } of all) {
          if (errors.length > 0) continue
          const { bundle } = check(victim, text)
          assert.ok(bundle, story)
          const written = tokensOf({ path: '', text }).filter(
            ({ image }, index, tokens) => image === 'policy' && tokens[index - 1]?.image !== 'expect',
          )
          assert.equal(new Set(bundle.policies.map(({ id }) => id)).size, written.length, story)
        }
      })
    })
  }
})
