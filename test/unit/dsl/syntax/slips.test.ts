// The commonest slips: each is one message with its own code, at its own place, with a line that mends it; and the tree is what was meant.
import assert from 'node:assert/strict'
import type { ParseOptions } from '../../../../dsl/syntax/parse.ts'
import { parseText, show, showPhrase } from './helpers.ts'

interface Slip {
  readonly title: string
  readonly text: string
  readonly code: string
  /** The source under the carets; empty for a place between two tokens. */
  readonly at: string
  readonly help: RegExp
  /** What the policy then says. */
  readonly means?: string
  readonly options?: ParseOptions
}

const policy = (body: string): string => `policy a.b "t" {\n  on request\n  ${body}\n}\npolicy c.d { on request allow }\n`

const SLIPS: Slip[] = [
  {
    title: '`=` in a condition',
    text: policy('when a.b = "x"\n  deny "c.d"'),
    code: 'P020',
    at: '=',
    help: /`==`/,
    means: 'when (== a.b "x"); deny ["c.d"]',
  },
  { title: '`&&`', text: policy('when a && b\n  allow'), code: 'P021', at: '&&', help: /`and`/, means: 'when (and a b); allow' },
  { title: '`||`', text: policy('when a || b\n  allow'), code: 'P021', at: '||', help: /`or`/, means: 'when (or a b); allow' },
  { title: '`!`', text: policy('when !a\n  allow'), code: 'P021', at: '!', help: /`not`/, means: 'when (not a); allow' },
  { title: '`===`', text: policy('when a === 1\n  allow'), code: 'P034', at: '===', help: /`==`/, means: 'when (== a 1); allow' },
  { title: '`<>`', text: policy('when a <> 1\n  allow'), code: 'P034', at: '<>', help: /`!=`/, means: 'when (!= a 1); allow' },
  {
    title: '`then`',
    text: policy('when a == 1 then deny "c.d"'),
    code: 'P022',
    at: 'then',
    help: /verb/,
    means: 'when (== a 1); deny ["c.d"]',
  },
  {
    title: '`;`',
    text: policy('deny "c.d" "m";\n  log minimal'),
    code: 'P023',
    at: ';',
    help: /Remove/,
    means: 'deny ["c.d" "m"]; log [minimal]',
  },
  {
    title: 'a trailing comma in a list',
    text: policy('when a in ["x", "y",]\n  allow'),
    code: 'P024',
    at: ',',
    help: /Remove/,
    means: 'when (in a ["x", "y"]); allow',
  },
  {
    title: 'a trailing comma in a phrase',
    text: policy('redact a, b in prompt,\n  allow'),
    code: 'P024',
    at: ',',
    help: /Remove/,
    means: 'redact [a] [b] in [prompt]; allow',
  },
  {
    title: 'a missing `]` before the next clause',
    text: policy('when a in ["x", "y"\n  deny "c.d"'),
    code: 'P012',
    at: '',
    help: /`\]`/,
    means: 'when (in a ["x", "y"]); deny ["c.d"]',
  },
  {
    title: 'a missing `]` within a condition',
    text: policy('when a in ["x" and b\n  allow'),
    code: 'P012',
    at: '',
    help: /`\]`/,
    means: 'when (and (in a ["x"]) b); allow',
  },
  {
    title: 'a missing `)`',
    text: policy('when (a or b\n  deny "c.d"'),
    code: 'P012',
    at: '',
    help: /`\)`/,
    means: 'when (or a b); deny ["c.d"]',
  },
  {
    title: '`30 days`',
    text: policy('tokenize a in prompt for 30 days'),
    code: 'P025',
    at: '30 days',
    help: /`30d`/,
    means: 'tokenize [a] in [prompt] for [2592000000ms]',
  },
  {
    title: '`30days`',
    text: policy('tokenize a in prompt for 30days'),
    code: 'P004',
    at: '30days',
    help: /`30d`/,
    means: 'tokenize [a] in [prompt] for [2592000000ms]',
  },
  {
    title: '`25 %`',
    text: policy('mode enforce for 25 % by tenant.id'),
    code: 'P025',
    at: '25 %',
    help: /`25%`/,
    means: 'mode [enforce] for [25%] by [tenant.id]',
  },
  {
    title: '`inside` in a phrase',
    text: policy('redact a inside prompt'),
    code: 'P026',
    at: 'inside',
    help: /`in`/,
    means: 'redact [a] in [prompt]',
  },
  {
    title: '`inside` in a condition',
    text: policy('when a inside xs\n  allow'),
    code: 'P026',
    at: 'inside',
    help: /`in`/,
    means: 'when (in a xs); allow',
  },
  { title: '`is`', text: policy('when a is "x"\n  allow'), code: 'P026', at: 'is', help: /`==`/, means: 'when (== a "x"); allow' },
  {
    title: '`is not`',
    text: policy('when a is not "x"\n  allow'),
    code: 'P026',
    at: 'is not',
    help: /`!=`/,
    means: 'when (!= a "x"); allow',
  },
  {
    title: '`startswith`',
    text: policy('when a startswith "x"\n  allow'),
    code: 'P026',
    at: 'startswith',
    help: /`starts with`/,
    means: 'when (starts with a "x"); allow',
  },
  { title: '`if`', text: policy('if a == 1\n  allow'), code: 'P026', at: 'if', help: /`when`/, means: 'when (== a 1); allow' },
  {
    title: '`status 422` without `with`',
    text: policy('deny "c.d" "m" status 422'),
    code: 'P027',
    at: 'status',
    help: /`with status 422`/,
    means: 'deny ["c.d" "m"] with [status 422]',
  },
  {
    title: 'a missing comma in a list',
    text: policy('when a in ["x" "y"]\n  allow'),
    code: 'P028',
    at: '',
    help: /comma/,
    means: 'when (in a ["x", "y"]); allow',
  },
  { title: 'single quotes', text: policy("when a == 'x'\n  allow"), code: 'P029', at: "'x'", help: /"x"/, means: 'when (== a "x"); allow' },
  { title: 'curly quotes', text: policy('when a == “x”\n  allow'), code: 'P029', at: '“x”', help: /"x"/, means: 'when (== a "x"); allow' },
  { title: 'a comment with `//`', text: policy('allow // always; when not'), code: 'P030', at: '//', help: /#/, means: 'allow' },
  {
    title: '`== null`',
    text: policy('when a == null\n  allow'),
    code: 'P031',
    at: '== null',
    help: /is missing/,
    means: 'when (missing a); allow',
  },
  {
    title: '`!= null`',
    text: policy('when a != null and b\n  allow'),
    code: 'P031',
    at: '!= null',
    help: /exists/,
    means: 'when (and (exists a) b); allow',
  },
  {
    title: 'a misspelt clause',
    text: policy('wehn a == 1 and b\n  allow'),
    code: 'P032',
    at: 'wehn',
    help: /`when`/,
    means: 'when (and (== a 1) b); allow',
  },
  {
    title: 'a misspelt connective at the start of a line',
    text: policy('when a\n   adn b\n  allow'),
    code: 'P032',
    at: 'adn',
    help: /`and`/,
    means: 'when (and a b); allow',
  },
  {
    title: 'a misspelt word in a condition',
    text: policy('when a containss b\n  allow'),
    code: 'P032',
    at: 'containss',
    help: /`contains`/,
    means: 'when (contains a b); allow',
  },
  {
    title: 'an upper-case word',
    text: policy('when a AND b\n  allow'),
    code: 'P032',
    at: 'AND',
    help: /`and`/,
    means: 'when (and a b); allow',
  },
  {
    title: 'a bare word in a list',
    text: policy('when a in [x, "y"]\n  allow'),
    code: 'P033',
    at: 'x',
    help: /`"x"`/,
    means: 'when (in a ["x", "y"]); allow',
  },
  {
    title: 'an unknown sign',
    text: policy('when a @ == 1\n  allow'),
    code: 'P001',
    at: '@',
    help: /double quotes/,
    means: 'when (== a 1); allow',
  },
  {
    title: 'a division',
    text: policy('when a == 1 /\n  allow'),
    code: 'P001',
    at: '/',
    help: /no division/,
    means: 'when (== a 1); allow',
  },
  {
    title: 'an unknown escape',
    text: policy('warn "c.d" "a\\qb"'),
    code: 'P003',
    at: '\\q',
    help: /escapes/,
    means: 'warn ["c.d" "a\\\\qb"]',
  },
  { title: 'a text never closed', text: policy('warn "c.d" "abc'), code: 'P002', at: '"abc', help: /Close/, means: 'warn ["c.d" "abc"]' },
  {
    title: 'a day that does not exist',
    text: policy('until 2027-02-30'),
    code: 'P005',
    at: '2027-02-30',
    help: /year-month-day/,
    means: 'until ["2027-02-30"]',
  },
  { title: 'an unknown unit', text: policy('v a for 30q'), code: 'P004', at: '30q', help: /durations/, means: 'v [a] for [30]' },
  { title: '`and` and `or` mixed', text: policy('when a and b or c\n  allow'), code: 'P015', at: 'or', help: /parentheses/ },
  { title: 'an unknown phase', text: policy('on reqest\n  allow'), code: 'P016', at: 'reqest', help: /`request`/, means: 'allow' },
  { title: 'a verb alone', text: policy('deny\n  }\npolicy e.f {'), code: 'P013', at: '}', help: /alone/ },
  {
    title: 'a forgotten operand before a known verb',
    text: policy('when a ==\n  deny "c.d"'),
    code: 'P014',
    at: '==',
    help: /followed/,
    means: 'when (== a _); deny ["c.d"]',
    options: { verbs: new Set(['deny']) },
  },
  {
    title: 'a missing preposition: the phrase can not be read',
    text: policy('limit tokens daily per day\n  log minimal'),
    code: 'P035',
    at: 'daily',
    help: /preposition/,
    means: 'log [minimal]',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a missing dot in a condition: the test can not be read, the rest can',
    text: policy('when tenant plan == "x" and b\n  log minimal'),
    code: 'P035',
    at: 'plan',
    help: /dot/,
    means: 'when (and _ b); log [minimal]',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a misspelt preposition',
    text: policy('redact a wiht "x"\n  log minimal'),
    code: 'P032',
    at: 'wiht',
    help: /`with`/,
    means: 'redact [a] with ["x"]; log [minimal]',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a doubled word',
    text: policy('when when a == 1\n  log minimal'),
    code: 'P036',
    at: 'when',
    help: /Remove/,
    means: 'when (== a 1); log [minimal]',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a doubled sign',
    text: policy('when a == == 1\n  log minimal'),
    code: 'P036',
    at: '==',
    help: /Remove/,
    means: 'when (== a 1); log [minimal]',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a policy without its first word',
    text: 'a.b "t" {\n  on request\n  allow\n}\npolicy c.d { on request allow }\n',
    code: 'P037',
    at: '',
    help: /`policy a`/,
    means: 'allow',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a phase without `on`',
    text: 'policy a.b "t" {\n  request\n  allow\n}\npolicy c.d { on request allow }\n',
    code: 'P037',
    at: '',
    help: /`on request`/,
    means: 'allow',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a verb behind its operand',
    text: policy('"c.d" deny\n  log minimal'),
    code: 'P038',
    at: '"c.d" deny',
    help: /exchange/,
    means: 'deny ["c.d"]; log [minimal]',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a dot before its word',
    text: policy('when .a b == 1\n  log minimal'),
    code: 'P038',
    at: '.a',
    help: /exchange/,
    means: 'when (== a.b 1); log [minimal]',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a name without its dot',
    text: 'policy a b "t" {\n  on request\n  allow\n}\npolicy c.d { on request allow }\n',
    code: 'P039',
    at: '',
    help: /`a.b`/,
    means: 'allow',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
  {
    title: 'a missing `{`',
    text: 'policy a.b "t"\n  on request\n  allow\n}\npolicy c.d { on request allow }\n',
    code: 'P012',
    at: '',
    help: /`{ }`/,
    means: 'allow',
    options: { verbs: new Set(['deny', 'limit', 'redact', 'log', 'severity', 'owner']) },
  },
]

function meaning(text: string, options?: ParseOptions): string {
  const found = parseText(text, options).file.declarations.find((declaration) => declaration.kind === 'policy')
  if (found?.kind !== 'policy') return ''
  return found.clauses
    .flatMap((clause) => {
      if (clause.kind === 'when' || clause.kind === 'unless') return [`${clause.kind} ${show(clause.condition)}`]
      return clause.kind === 'phrase' ? [showPhrase(clause.phrase)] : []
    })
    .join('; ')
}

describe('slips', () => {
  for (const { title, text, code, at, help, means, options } of SLIPS) {
    it(`${title}: one message, ${code}`, () => {
      const { file, diagnostics } = parseText(text, options)
      assert.deepEqual(
        diagnostics.map((diagnostic) => diagnostic.code),
        [code],
        JSON.stringify(diagnostics),
      )
      const [{ span, help: line, message }] = diagnostics as [(typeof diagnostics)[0]]
      assert.equal(text.slice(span.start, span.end), at)
      assert.match(line ?? '', help)
      assert.match(message, /^[^A-Z]/)
      if (means !== undefined) assert.equal(meaning(text, options), means)
      assert.ok(file.declarations.length >= 2, 'the next policy is read as well')
    })
  }

  it('leaves words alone that a plugin brings as verbs', () => {
    const verbs = new Set(['then', 'inside', 'adn', 'status', 'if', 'wehn', 'days', 'redact'])
    for (const body of [
      'when a\n  then "x"',
      'redact a\n  inside prompt',
      'when a\n  adn "x"',
      'deny "x"\n status 422',
      'if "x"',
      'wehn "x"',
      'redact a for 30 days "x"',
    ]) {
      assert.deepEqual(parseText(policy(body), { verbs }).diagnostics, [], body)
    }
  })

  it('reports two slips of one line as two messages', () => {
    assert.deepEqual(
      parseText(policy('when a = 1 && b = 2 then allow;')).diagnostics.map(({ code }) => code),
      ['P020', 'P021', 'P020', 'P022', 'P023'],
    )
  })
})
