// Writes `docs/policy-reference.md`: every word that the plugins which come with the gateway give the policy language, and what it has of its
// own. `node scripts/policy-reference.ts`; a test says when it has to be run.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { code, table, typeName, type Vocabulary } from './markdown.ts'
import { compile, parse } from '../dsl/index.ts'
import { gatherWords } from '../core/policy/words.ts'
import { OPERATORS, PHRASE_EXAMPLES } from './reference-examples.ts'
import { PLUGINS } from '../core/plugins.ts'
import { readVocabularies } from '../core/plugin/registry.ts'
import { STANDARD_POLICIES } from '../core/policy/load.ts'

type Verb = Vocabulary['verbs'][number]
type Detector = NonNullable<ReturnType<typeof compile>['bundle']>['detectors'][number]

const USES: readonly (readonly [use: Verb['use'], title: string, says: string])[] = [
  [
    'effect',
    'Effects',
    'What a policy does when its condition holds. Several calls of a verb are joined, so the order of policies changes nothing.',
  ],
  ['fact', 'Facts', 'What a policy says of itself.'],
  ['exception', 'Clauses of exceptions', 'All three, and `when`, must stand in an exception.'],
  ['overlay', 'Clauses of overlays', 'What an overlay may do beside `param`.'],
  ['expect', 'Expectations of tests', 'Beside any effect, and `policy ID fires` or `policy ID silent`.'],
]

export function referencePage(): string {
  const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))
  return [
    '# Policy reference\n',
    'Every word that a policy may use with the plugins that come with the gateway. Generated from what they declare; a plugin of your own',
    '([decision 0011](decisions/0011-plugins-from-folders.md)) adds to it. How to write policies: [the guide](policy-language.md). What is said about',
    'mistakes: [diagnostics](diagnostics.md).\n',
    '[Verbs](#verbs) · [Attributes](#attributes) · [Operators](#operators) · [Locations](#locations) · [Checks](#checks) · [Standard detectors](#standard-detectors)\n',
    '## Verbs\n',
    'In a template `<name:type>` is an operand, `<a|b>` a choice of words, `...` a list with commas; what stands in `[ ]` may be left out.\n',
    ...USES.map(([use, title, says]) => `### ${title}\n\n${says}\n\n${verbsOf(vocabulary, use)}`),
    `## Attributes\n\n${attributes(vocabulary)}`,
    `## Operators\n\n${operators()}`,
    `## Locations\n\n${locations(vocabulary)}`,
    `## Checks\n\nFunctions that a detector names behind \`check\`; a match counts if all of them pass.\n\n${checks(vocabulary)}`,
    `## Standard detectors\n\n${detectors(vocabulary)}`,
  ].join('\n')
}

// ── verbs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function verbsOf({ verbs }: Vocabulary, use: Verb['use']): string {
  return verbs
    .filter((verb) => verb.use === use)
    .map((verb) => (use === 'effect' ? effect(verb) : phrase(verb)))
    .join('\n')
}

function effect(verb: Verb): string {
  const facts = [
    `phases ${verb.phases.length === 4 ? 'all' : verb.phases.join(', ')}`,
    `from ${verb.plugin}`,
    `join: ${joinOf(verb.join)}`,
    ...(verb.aliases.length > 0 ? [`people also try ${verb.aliases.map(code).join(', ')}`] : []),
  ]
  return `${phrase(verb)}\n${facts.join(' · ')}\n`
}

function phrase({ phrase: template, doc }: Verb): string {
  const example = PHRASE_EXAMPLES[template]
  if (example === undefined) throw new Error(`scripts/reference-examples.ts has no example of \`${template}\``)
  return `\`${template}\`  \n${doc}\n\n\`\`\`policy clause\n${example}\n\`\`\`\n`
}

function joinOf(join: Verb['join']): string {
  switch (join.kind) {
    case 'verdict':
      return 'the strictest verdict'
    case 'union':
      return 'all distinct calls'
    case 'smallest':
      return `the smallest ${join.operand} for each ${join.by}`
    case 'precedence':
      return `for each ${join.by} the highest severity, then the smallest policy id`
    case 'strictest':
      return `the last of ${join.order.join(', ')} that occurs`
    case 'intersection':
      return 'only what every call allows'
    case 'span':
      return `where findings overlap, strength ${join.strength} wins over less`
  }
}

// ── nouns, operators, locations, checks ──────────────────────────────────────────────────────────────────────────────

function attributes(vocabulary: Vocabulary): string {
  const rows = vocabulary.attributes
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, optional, phase, source, plugin, doc }) => [
      code(name),
      typeName(type) + (optional ? '?' : ''),
      phase,
      source,
      plugin,
      doc,
    ])
  return [
    'A `?` behind the type: it may be absent. Proved: it follows from key, network or configuration; claimed: the caller says so.\n',
    `${table(['attribute', 'type', 'from phase', 'source', 'plugin', 'what it is'], rows)}\n`,
  ].join('\n')
}

function operators(): string {
  const rows = OPERATORS.flatMap(([level, operatorRows]) =>
    operatorRows.map(({ form, says, example }) => [level, form, says, code(example)]),
  )
  return [
    'From the tightest to the loosest: `*`, then `+ -`, then `??`, then one test, then `not`, then `and` or `or`. `and` and `or` together need',
    'parentheses. Nothing is converted.\n',
    `${table(['level', 'form', 'what it says', 'example'], rows)}\n`,
  ].join('\n')
}

function locations({ locations: all }: Vocabulary): string {
  const rows = all.map(({ name, phase }) => [code(name), phase === 'request' ? 'all' : 'response, stream'])
  return `\`prompt\` and \`completion\` stand for all their parts.\n\n${table(['location', 'phases'], rows)}\n`
}

function checks({ checks: all }: Vocabulary): string {
  return `${table(
    ['check', 'plugin', 'what passes'],
    all.map(({ name, plugin, doc }) => [code(name), plugin, doc]),
  )}\n`
}

// ── detectors ────────────────────────────────────────────────────────────────────────────────────────────────────────

function detectors(vocabulary: Vocabulary): string {
  const file = { path: 'detectors.policy', text: readFileSync(join(STANDARD_POLICIES, 'detectors.policy'), 'utf8') }
  const { bundle } = compile([file], vocabulary)
  if (!bundle) throw new Error('policies/standard/detectors.policy does not check')
  const docs = new Map(
    parse(file).file.declarations.flatMap((declaration) =>
      declaration.kind === 'detector' ? [[declaration.name.text, declaration.doc ?? '']] : [],
    ),
  )
  const rows = bundle.detectors
    .filter(({ name }) => name.startsWith('standard.detectors.'))
    .map((one) => detectorRow(one, docs.get(shortName(one.name)) ?? ''))
  return [
    'From [`policies/standard/detectors.policy`](../policies/standard/detectors.policy): `import standard.detectors as std`, then `std.NAME`.\n',
    `${table(['detector', 'what it finds', 'score', 'checks', 'finds', 'never'], rows)}\n`,
  ].join('\n')
}

function detectorRow({ name, any, score, checks: named, examples, never }: Detector, doc: string): readonly string[] {
  const texts = (all: readonly string[]): string =>
    all
      .slice(0, 3)
      .map((text) => code(oneLine(text)))
      .join('<br>')
  const members = any.length > 0 ? `any of ${any.map((member) => code(shortName(member))).join(', ')}` : ''
  return [
    code(shortName(name)),
    [oneLine(doc), members].filter(Boolean).join('; '),
    any.length > 0 ? '' : String(score),
    named.map(code).join(', '),
    texts(examples),
    texts(never),
  ]
}

const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= 80 ? line : `${line.slice(0, 60)}…`
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/policy-reference.md'), referencePage())
