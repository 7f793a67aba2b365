// Generators (fast-check) of policy sets that compile, written over the words that the plugins really bring, and of what they judge.
// Literals and values come from the same few, so that conditions are often met. `policy-text.ts` makes texts that are wrong.
import fc from 'fast-check'
import { vocabulary } from './policy-text.ts'
import type { AttributeDeclaration, Phase, Type } from '../../dsl/vocabulary/vocabulary.ts'

/** A policy as its parts; `textOf` writes it. Its id is unique in its set. */
export interface PolicyParts {
  readonly id: string
  readonly phases: readonly Phase[]
  readonly severity: string
  readonly mode: string
  /** Null: always. */
  readonly when: string | null
  /** Phrases. */
  readonly effects: readonly string[]
}

/** Stands at the head of each file of a generated set: detectors `mail`, `card`, `word` are in module `gen.detectors`. */
export const HEAD = 'module gen.policies\nimport gen.detectors as find\n'
export const DETECTORS = `module gen.detectors
detector mail { pattern /[a-z]{1,16}@[a-z]{1,16}[.]example/ score 0.6 }
detector card { pattern /4[0-9]{15}/ score 0.9 }
detector word { pattern /\\bsecret\\b/ score 0.8 }
`
const FOUND = ['find.mail', 'find.card', 'find.word'] as const

export function textOf({ id, phases, severity, mode, when, effects }: PolicyParts): string {
  const clauses = [
    `severity ${severity}`,
    `mode ${mode}`,
    `on ${phases.join(', ')}`,
    ...(when === null ? [] : [`when ${when}`]),
    ...effects,
  ]
  return `policy ${id} "A generated one" {\n${clauses.map((clause) => `  ${clause}\n`).join('')}}\n`
}

// ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────

const TEXTS = ['a', 'b', 'eu', 'gold'] as const
const NUMBERS = [0, 1, 100, 1000] as const
const quoted = (text: string): string => JSON.stringify(text)
const listOf = (items: readonly string[]): string => `[${items.map(quoted).join(', ')}]`
const someTexts = fc.subarray([...TEXTS], { minLength: 1 })

/** Attributes that are known when a request comes, of a type that conditions are generated for. */
export const ATTRIBUTES: readonly AttributeDeclaration[] = vocabulary.attributes.filter(
  ({ name, phase, type }) =>
    phase === 'request' && !name.endsWith('*') && (isPlain(type) || (type.kind === 'list' && type.of.kind === 'text')),
)

function isPlain({ kind }: Type): boolean {
  return kind === 'text' || kind === 'number' || kind === 'bool' || kind === 'enum'
}

/** What may be asked of an attribute. Of an optional one nothing that its absence would make true. */
function testOf({ name, type, optional }: AttributeDeclaration): fc.Arbitrary<string> {
  const presence = fc.constantFrom(`${name} exists`, `${name} is missing`)
  const compare = fc.constantFrom(...(optional ? ['=='] : ['==', '!=']))
  const order = fc.constantFrom('<', '<=', '>', '>=')
  const tests: fc.Arbitrary<string>[] = optional ? [presence] : []
  if (type.kind === 'text')
    tests.push(
      fc.tuple(compare, fc.constantFrom(...TEXTS)).map(([sign, text]) => `${name} ${sign} ${quoted(text)}`),
      someTexts.map((texts) => `${name} in ${listOf(texts)}`),
    )
  if (type.kind === 'enum')
    tests.push(fc.tuple(compare, fc.constantFrom(...type.values)).map(([sign, word]) => `${name} ${sign} ${quoted(word)}`))
  if (type.kind === 'number')
    tests.push(
      fc.tuple(order, fc.constantFrom(...NUMBERS)).map(([sign, bound]) => {
        const test = `${name} ${sign} ${bound}`
        return optional ? `(${name} exists and ${test})` : test
      }),
    )
  if (type.kind === 'bool') tests.push(fc.constant(name))
  if (type.kind === 'list')
    tests.push(
      fc.constantFrom(...TEXTS).map((text) => `${name} has ${quoted(text)}`),
      fc.tuple(fc.constantFrom('any', 'all'), someTexts).map(([word, texts]) => `${name} has ${word} of ${listOf(texts)}`),
    )
  return fc.oneof(...tests)
}

const attributeTest = fc.constantFrom(...ATTRIBUTES).chain(testOf)
const contentTest = fc
  .tuple(fc.constantFrom('prompt', 'prompt.user'), fc.constantFrom(...FOUND), fc.constantFrom('', ' scoring 0.7'))
  .map(([location, detector, scoring]) => `${location} contains ${detector}${scoring}`)
const toolTest = fc.constantFrom('some t in request.tools where (t.writes)', 'request.has_references', 'not request.has_unscanned')

/** A condition on a request: tests joined by `and` and `or`, two levels deep. */
export const requestCondition: fc.Arbitrary<string> = (() => {
  const test = fc.oneof({ arbitrary: attributeTest, weight: 6 }, { arbitrary: contentTest, weight: 2 }, toolTest)
  const joined = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom(' and ', ' or '), fc.array(of, { minLength: 2, maxLength: 3 })).map(([word, parts]) => parts.join(word))
  return fc.oneof(
    test,
    joined(test),
    joined(
      fc.oneof(
        test,
        joined(test).map((inner) => `(${inner})`),
      ),
    ),
  )
})()

// ── policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const severity = fc.constantFrom('low', 'medium', 'high', 'critical')
const mode = fc.constantFrom('enforce', 'enforce', 'enforce', 'shadow', 'off')
const idOf = (index: number): string => `gen.p${String(index).padStart(2, '0')}`

const requestEffect: fc.Arbitrary<string> = fc.oneof(
  fc.constant('allow'),
  fc.constantFrom('deny "gen.one"', 'deny "gen.two" "Two." with status 422'),
  fc.constantFrom('warn "gen.one"', 'warn "gen.two" "Two."'),
  fc.constantFrom('log full', 'log standard', 'log minimal'),
  fc.constantFrom(...TEXTS).map((text) => `label ${quoted(text)}`),
  fc.tuple(fc.constantFrom(...FOUND), fc.constantFrom('', ' with "[gone]"')).map(([name, text]) => `redact ${name} in prompt${text}`),
  fc.constantFrom(...FOUND).map((name) => `mask ${name} in prompt.user except last 4`),
  fc.constantFrom(10, 100).map((bound) => `cap request.max_tokens at ${bound}`),
  fc.constantFrom(10, 100).map((bound) => `limit tokens to ${bound} per day by tenant.id`),
  someTexts.map((pools) => `route to pool ${pools.map(quoted).join(', ')}`),
  fc.constantFrom(...TEXTS).map((text) => `set header "x-gen" to ${quoted(text)}`),
)

/** One to eight policies on request, any of them in any mode. */
export const requestPolicies: fc.Arbitrary<readonly PolicyParts[]> = fc
  .array(
    fc.record({
      phases: fc.constant<readonly Phase[]>(['request']),
      severity,
      mode,
      when: fc.option(requestCondition, { freq: 4 }),
      effects: fc.uniqueArray(requestEffect, { minLength: 1, maxLength: 3, selector: (phrase) => phrase.split(' ', 1)[0] }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((policies) => policies.map((policy, index) => ({ id: idOf(index), ...policy })))

const streamGuard = fc.constantFrom(...ATTRIBUTES).chain(testOf)
const streamMatch = fc
  .tuple(fc.constantFrom(...FOUND), fc.constantFrom('', ' scoring 0.7'))
  .map(([name, scoring]) => `completion contains ${name}${scoring}`)

/** Policies of the fragment that judges a stream as it judges the whole answer: spans under what was known before, or under their own finding. */
export const streamPolicies = (...also: readonly string[]): fc.Arbitrary<readonly PolicyParts[]> => {
  const span = fc.tuple(fc.constantFrom(...FOUND), fc.constantFrom('redact', 'mask', 'text'), fc.option(streamGuard), fc.boolean())
  const spanPolicy = span.map(([name, verb, guard, isAsked]) => {
    const asked = [...(guard === null ? [] : [guard]), ...(isAsked ? [`completion contains ${name}`] : [])]
    const phrase =
      verb === 'mask' ? `mask ${name} in completion except first 2` : `redact ${name} in completion${verb === 'text' ? ' with "-"' : ''}`
    return { when: asked.length === 0 ? null : asked.join(' and '), effects: [phrase] }
  })
  const speaking = fc.tuple(fc.constantFrom('warn "gen.said"', 'label "seen"', ...also), fc.oneof(streamMatch, streamGuard))
  const parts = fc.oneof(
    spanPolicy,
    speaking.map(([phrase, when]) => ({ when, effects: [phrase] })),
  )
  return fc.array(fc.tuple(parts, severity), { minLength: 1, maxLength: 5 }).map((policies) =>
    policies.map(([policy, level], index) => ({
      id: idOf(index),
      phases: ['response', 'stream'] as const,
      severity: level,
      mode: 'enforce',
      ...policy,
    })),
  )
}

// ── what is judged ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Values of attributes by name, and how sure each detector is (0: found nothing). */
export interface Judged {
  readonly values: { readonly [attribute: string]: unknown }
  readonly scores: { readonly [detector: string]: number }
}

function valueOf({ type, optional }: AttributeDeclaration): fc.Arbitrary<unknown> {
  const present: fc.Arbitrary<unknown> =
    type.kind === 'number'
      ? fc.constantFrom(...NUMBERS, 50, 5000)
      : type.kind === 'bool'
        ? fc.boolean()
        : type.kind === 'enum'
          ? fc.constantFrom(...type.values)
          : type.kind === 'list'
            ? fc.subarray([...TEXTS])
            : fc.constantFrom(...TEXTS, 'other')
  return optional ? fc.option(present, { freq: 3 }) : present
}

const tool = fc.record({ name: fc.constantFrom(...TEXTS), source: fc.constant('client'), writes: fc.boolean() })

export const judged: fc.Arbitrary<Judged> = fc.record({
  values: fc.record({
    ...Object.fromEntries(ATTRIBUTES.map((attribute) => [attribute.name, valueOf(attribute)])),
    'request.tools': fc.array(tool, { maxLength: 2 }),
  }),
  scores: fc.record(Object.fromEntries(FOUND.map((name) => [name.replace('find.', 'gen.detectors.'), fc.constantFrom(0, 0.6, 0.9)]))),
})

/** Texts in which findings are whole, halved, side by side, or none. */
export const answerPieces: fc.Arbitrary<readonly string[]> = fc.array(
  fc.constantFrom(
    'jo@acme.example',
    '4111111111111111',
    'secret',
    'jo@',
    'acme.',
    'example',
    '4111',
    'sec',
    'ret',
    ' ',
    ' ',
    'and',
    '@',
    '…',
    '\u{1F600}',
  ),
  { minLength: 1, maxLength: 10 },
)

/** Any cut of a text into chunks, also between the halves of a surrogate pair. */
export const chunkings = (text: string): fc.Arbitrary<readonly string[]> =>
  fc.uniqueArray(fc.nat(text.length), { maxLength: 12 }).map((places) => {
    const cuts = [0, ...places.toSorted((a, b) => a - b), text.length]
    return cuts.slice(1).flatMap((end, index) => (end > cuts[index]! ? [text.slice(cuts[index], end)] : []))
  })
