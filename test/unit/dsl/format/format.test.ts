// The canonical form, rule by rule: text as written, text as it should stand.
import assert from 'node:assert/strict'
import { fmt, vocabulary } from './helpers.ts'
import { formatPolicy } from '../../../../dsl/index.ts'

function becomes(title: string, written: string, canonical: string): void {
  it(title, () => {
    assert.equal(fmt(written), canonical)
    assert.equal(fmt(canonical), canonical)
  })
}

describe('policy fmt', () => {
  becomes(
    'puts each clause on its own line, with the operands in one column',
    'policy a.b "t" { severity high on request, target when request.model=="x" deny "a.b" "No." with status 422 on error deny "a.c" }',
    `policy a.b "t" {
  severity high
  on       request, target
  when     request.model == "x"
  deny     "a.b" "No." with status 422
  on error deny "a.c"
}
`,
  )
  becomes(
    'has narrower columns in tests and overlays',
    'overlay o for tenant "a","b" {param n=5 mode enforce for a.b}\ntest "t" { given key.scopes=["chat"] , tenant.region="eu" message user "hi" expect policy a.b fires }',
    `overlay o for tenant "a", "b" {
  param n = 5
  mode  enforce for a.b
}
test "t" {
  given   key.scopes = ["chat"], tenant.region = "eu"
  message user "hi"
  expect  policy a.b fires
}
`,
  )
  becomes(
    'writes prepositions in the order of the template',
    'policy a.b {\n on request\n limit tokens at 80% by tenant.id, key.id per day to 200k\n limit concurrent by tenant.id to 5\n}\n',
    `policy a.b {
  on       request
  limit    tokens to 200k per day by tenant.id, key.id at 80%
  limit    concurrent to 5 by tenant.id
}
`,
  )
  becomes(
    'keeps the breaks of a condition at `and` and `or`, which begin the line',
    'policy a.b {\n  when a.x == "1" and\n  (b.y or\n c.z) and not d.w\n on request\n}\n',
    `policy a.b {
  when     a.x == "1"
       and (b.y
         or c.z) and not d.w
  on       request
}
`,
  )
  becomes(
    'breaks a condition that is too long at its outermost `and`',
    `policy a.b {\n  when ${['one', 'two', 'three'].map((word) => `request.model == "${word.repeat(12)}"`).join(' and ')}\n}\n`,
    `policy a.b {
  when     request.model == "${'one'.repeat(12)}"
       and request.model == "${'two'.repeat(12)}"
       and request.model == "${'three'.repeat(12)}"
}
`,
  )
  becomes(
    'keeps the breaks of lists behind commas',
    'list x = [\n "a",  "b",\n"c" ]\npolicy a.b {\n on request when request.model in [ "a",\n"b"] or request.model in [\n"c"]\n}\n',
    `list x = [
  "a", "b",
  "c"
]
policy a.b {
  on       request
  when     request.model in ["a",
                             "b"] or request.model in [
                                       "c"
                                     ]
}
`.replace(/or request\.model in \[\n\s+"c"\n\s+\]/, 'or request.model in [\n             "c"\n           ]'),
  )
  becomes(
    'aligns params that follow each other, and lists beside them',
    'list l = ["a"]\nparam short:number=5\nparam much_longer : list of text = ["x"] \n\nconst c=-1\n',
    `list  l = ["a"]
param short       : number       = 5
param much_longer : list of text = ["x"]

const c = -1
`,
  )
  becomes(
    'tells a sign from a subtraction',
    'policy a.b {\n on request\n when request.tokens -1 > - 5 and request.tokens in [-1 , - 2]\n}\n',
    `policy a.b {
  on       request
  when     request.tokens - 1 > -5 and request.tokens in [-1, -2]
}
`,
  )
  becomes(
    'keeps comments where they stood',
    `# head
policy a.b { # brace
# first
  on request # phase

    ## doc
  when a.b # why
    and # and why
    c.d

  # last
}
# end`,
    `# head
policy a.b {  # brace
  # first
  on       request  # phase

  ## doc
  when     a.b  # why
       and  # and why
           c.d

  # last
}
# end
`,
  )
  becomes(
    'keeps a comment in a column that was chosen',
    'attribute metadata.a : text?          # claimed\nattribute metadata.b : text? # claimed\n',
    'attribute metadata.a : text?          # claimed\nattribute metadata.b : text?  # claimed\n',
  )
  becomes(
    'keeps one empty line of several, and none at the ends of a block',
    '\n\nmodule a\n\n\n\npolicy a.b {\n\n  on request\n\n\n  allow\n\n}\n\n\n',
    'module a\n\npolicy a.b {\n  on       request\n\n  allow\n}\n',
  )
  becomes(
    'keeps numbers, escapes and long texts as they were written',
    'policy a.b {\n on request\n deny "a.b" """\n   one \n     two"""\n limit cost to 1_000.50\n label "\\u{e9}\\t"\n}\n',
    'policy a.b {\n  on       request\n  deny     "a.b" """\n   one \n     two"""\n  limit    cost to 1_000.50\n  label    "\\u{e9}\\t"\n}\n',
  )
  becomes('ends lines with a line feed', 'module a\r\nimport b.c as d\r\n# x\r\n', 'module a\nimport b.c as d\n# x\n')
  becomes('keeps a file of comments, and an empty one', '\n\n# a\n\n\n# b', '# a\n\n# b\n')
  it('makes nothing of nothing', () => assert.equal(fmt(' \n\n'), ''))

  it('leaves a file with a syntax error as it is, and says where', () => {
    const text = 'policy a.b {   on request\n  when  a = = b\n}\n'
    const { text: same, diagnostics } = formatPolicy({ path: 'a.policy', text }, vocabulary)
    assert.equal(same, text)
    assert.ok(diagnostics.length > 0)
  })
})
